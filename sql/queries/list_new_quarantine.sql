-- Returns the elements that were quarantined since the last migration or repair of this database. Reads only.
:head
SELECT stored.model_identifier, stored.code, stored.reason
FROM :"ledger".quarantine AS stored
WHERE stored.recorded > coalesce((
    SELECT max(run.finished) FROM :"ledger".run AS run
    WHERE run.mode IN ('migrate', 'standalone sql') AND run.outcome IN ('published', 'reconciled', 'unchanged')
), '-infinity')
ORDER BY stored.model_identifier, stored.position
