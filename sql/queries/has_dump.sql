-- Returns whether a run of this database has taken a dump first. Reads only.
SELECT EXISTS (
    SELECT FROM :"ledger".step AS step WHERE step.name = 'pg_dump' AND step.outcome = 'done'
) AS there
