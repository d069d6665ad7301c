-- Returns one row: when the table was published, and when it last passed or failed a full verification, with how long ago that is. Reads only.
WITH verified AS (
    SELECT run.finished FROM :"ledger".run AS run
    WHERE run.outcome IN ('verified', 'published', 'reconciled', 'unchanged') AND EXISTS (
        SELECT FROM :"ledger".step AS step
        WHERE step.run_id = run.run_id AND step.name = 'verify' AND step.outcome = 'done'
    )
)

SELECT
    found.*,
    extract(EPOCH FROM now() - found.published)::double precision / 86400 AS days_published,
    extract(EPOCH FROM now() - found.verified)::double precision / 3600 AS hours_verified
FROM (
    SELECT
        coalesce(
            (SELECT max(run.finished) FROM :"ledger".run AS run WHERE run.outcome = 'published'),
            (SELECT min(run.finished) FROM :"ledger".run AS run WHERE run.mode = 'migrate' AND run.outcome IN ('reconciled', 'unchanged'))
        ) AS published,
        (SELECT max(verified.finished) FROM verified) AS verified,
        (SELECT max(run.finished) FROM :"ledger".run AS run WHERE run.mode = 'verify' AND run.outcome = 'checks_failed') AS failed
) AS found
