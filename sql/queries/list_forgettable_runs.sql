-- Returns the runs that ended (or died) more than some days ago and that nothing needs, the oldest first, with the number of their steps. Reads only.
-- Needed are the newest run of each kind, the last that published and the last that rolled back however they ended, the run
-- that stored the decisions in force, and a verification that passed in the last day. Who asks holds the run lock: a run without an outcome is none under way.
SELECT run.run_id::text AS run_id, run.mode, run.outcome, run.started, run.finished,
    (SELECT count(*) FROM :"ledger".step AS step WHERE step.run_id = run.run_id) AS steps
FROM :"ledger".run AS run
WHERE coalesce(run.finished, run.started) < now() - make_interval(days => :'days'::integer)
    AND NOT EXISTS (SELECT FROM :"ledger".decision AS decision WHERE decision.run_id = run.run_id)
    AND NOT (run.mode = 'verify' AND run.outcome = 'verified' AND run.finished > now() - interval '1 day')
    AND run.run_id NOT IN (
        SELECT DISTINCT ON (step.name) step.run_id
        FROM :"ledger".step AS step
        WHERE step.name IN ('publish', 'roll back') AND step.outcome = 'done'
        ORDER BY step.name, step.started DESC
    )
    AND run.run_id <> (
        SELECT newest.run_id
        FROM :"ledger".run AS newest
        WHERE newest.mode = run.mode AND newest.outcome IS NOT DISTINCT FROM run.outcome
        ORDER BY newest.started DESC, newest.run_id
        LIMIT 1
    )
ORDER BY run.started
