-- Returns one row: since when the present table is live, the last rollback, and when that table last passed or failed a full verification, with how long ago that is. Reads only.
-- A run that died after its publish step published all the same, and one that was killed in a rollback may have rolled back.
-- A table that no run published since was adopted, by the first migration that found it there.
WITH recorded AS (
    SELECT
        run.mode, run.outcome, run.finished,
        coalesce(run.finished, run.started) AS ended,
        CASE WHEN run.outcome = 'published' THEN run.finished ELSE publish.started + make_interval(secs => publish.seconds) END AS published,
        verify.run_id IS NOT NULL AS has_verified,
        back.run_id IS NOT NULL AS has_rolled_back
    FROM :"ledger".run AS run
    LEFT JOIN :"ledger".step AS publish ON run.run_id = publish.run_id AND publish.name = 'publish' AND publish.outcome = 'done'
    LEFT JOIN :"ledger".step AS verify ON run.run_id = verify.run_id AND verify.name = 'verify' AND verify.outcome = 'done'
    LEFT JOIN :"ledger".step AS back ON run.run_id = back.run_id AND back.name = 'roll back' AND back.outcome = 'done'
    WHERE run.database_schema = :'schema'
),

gone AS (
    SELECT max(recorded.ended) AS rolled_back FROM recorded
    WHERE recorded.mode IN ('rollback', 'standalone sql rollback')
        AND (recorded.outcome = 'rolled_back' OR recorded.has_rolled_back OR recorded.outcome IS NULL)
),

live AS (
    SELECT
        gone.rolled_back,
        coalesce(
            max(recorded.published),
            min(recorded.finished) FILTER (WHERE recorded.mode IN ('migrate', 'standalone sql') AND recorded.outcome IN ('reconciled', 'unchanged'))
        ) AS published
    FROM gone
    LEFT JOIN recorded ON coalesce(recorded.published, recorded.finished) > coalesce(gone.rolled_back, '-infinity')
    GROUP BY gone.rolled_back
)

SELECT
    found.*,
    extract(EPOCH FROM now() - found.published)::double precision / 86400 AS days_published,
    extract(EPOCH FROM now() - found.verified)::double precision / 3600 AS hours_verified
FROM (
    SELECT
        live.published, live.rolled_back,
        max(recorded.finished) FILTER (
            WHERE recorded.has_verified AND recorded.outcome IN ('verified', 'published', 'reconciled', 'unchanged')
        ) AS verified,
        max(recorded.finished) FILTER (WHERE recorded.mode = 'verify' AND recorded.outcome = 'checks_failed') AS failed
    FROM live
    LEFT JOIN recorded ON recorded.finished >= coalesce(live.published, '-infinity')
    GROUP BY live.published, live.rolled_back
) AS found
