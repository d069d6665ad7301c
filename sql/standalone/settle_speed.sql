-- Notes what each query took and may take in milliseconds, as JSON: the best median of its rounds, from the timings and the frames. Reads only.
SELECT set_config('tierflow.speed', jsonb_agg(to_jsonb(best) ORDER BY ordinal)::text, true)
FROM (
    SELECT target.ordinal, target.query, target.ms * greatest(1.0, grants.held / 1000.0) AS most, min(round.ms) AS ms
    FROM (VALUES (1, 'single tier', 20.0), (2, 'multi-tier join', 50.0), (3, 'full list', 100.0), (4, 'admin dashboard', 200.0))
        AS target (ordinal, query, ms)
    CROSS JOIN (
        SELECT coalesce(sum(models), 0) AS held
        FROM jsonb_to_recordset(current_setting('tierflow.frames')::jsonb -> 'distribution') AS tier (models bigint)
    ) AS grants
    INNER JOIN (
        SELECT timing.query, percentile_cont(0.5) WITHIN GROUP (ORDER BY timing.ms) AS ms
        FROM jsonb_to_recordset(current_setting('tierflow.timings')::jsonb) AS timing (query text, round integer, ms double precision)
        GROUP BY timing.query, timing.round
    ) AS round ON target.query = round.query
    GROUP BY target.ordinal, target.query, target.ms, grants.held
) AS best
