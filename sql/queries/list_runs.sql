-- Returns the runs, newest first, each with its steps as a JSON array. Reads only.
SELECT
    run.run_id::text AS run_id,
    run.mode,
    coalesce(run.outcome, 'interrupted or running') AS outcome,
    run.started,
    run.finished,
    extract(EPOCH FROM run.finished - run.started)::double precision AS seconds,
    run.database_schema AS schema,
    run.tierflow_version,
    run.decisions,
    run.result - 'evidence' AS result,
    run.error,
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'name', step.name, 'started', step.started, 'seconds', step.seconds,
                'rows', step.rows, 'outcome', step.outcome, 'detail', step.detail
            ) ORDER BY step.ordinal
        ) FILTER (WHERE step.run_id IS NOT NULL), '[]'
    ) AS steps
FROM :"ledger".run AS run
LEFT JOIN :"ledger".step AS step ON run.run_id = step.run_id
GROUP BY run.run_id
ORDER BY run.started DESC
LIMIT :'limit'
