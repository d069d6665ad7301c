-- Returns the elements that were quarantined since the last migration or repair of this database, and what refused a grant that one side only could take. Reads only.
:head
SELECT stored.model_identifier, stored.code, stored.reason,
    CASE WHEN stored.reason IN ('not_in_jsonb', 'not_in_junction') THEN stored.value ->> 'refused' END AS refused
FROM :"ledger".quarantine AS stored
WHERE stored.recorded > coalesce((
    SELECT max(run.finished) FROM :"ledger".run AS run
    WHERE run.mode IN ('migrate', 'standalone sql') AND run.outcome IN ('published', 'reconciled', 'unchanged')
), '-infinity')
ORDER BY stored.model_identifier, stored.position
