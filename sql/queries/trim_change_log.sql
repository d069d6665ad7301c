-- Forgets some changes and returns their models: those that this transaction has locked, or that are no more. Locks nothing that the application uses.
-- By number, one by one: a lower number than the last one seen may be committed later.
DELETE FROM :"ledger".change_log AS log
WHERE log.change_id = ANY(:'changes'::bigint []) AND (
    log.model_id = ANY(:'locked'::uuid [])
    OR NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = log.model_id)
)
RETURNING log.model_id
