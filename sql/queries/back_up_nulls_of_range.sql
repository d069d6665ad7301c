-- Notes the models of one key range whose captured values are both SQL NULL. Locks nothing that the application uses.
INSERT INTO :"ledger".null_backup (model_id)
SELECT id FROM :"schema".model_access_control
WHERE (nullif(:'low'::text, '') IS NULL OR id >= nullif(:'low'::text, '')::uuid)
    AND (nullif(:'high'::text, '') IS NULL OR id < nullif(:'high'::text, '')::uuid)
    AND tier_access IS NULL AND tier_markup IS NULL
ON CONFLICT (model_id) DO NOTHING
