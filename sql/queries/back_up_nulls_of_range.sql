-- Notes the models of one key range whose captured values are both SQL NULL. Locks nothing that the application uses.
INSERT INTO :"ledger".null_backup (model_id)
SELECT id FROM :"schema".model_access_control
WHERE (:'low'::uuid IS NULL OR id >= :'low'::uuid) AND (:'high'::uuid IS NULL OR id < :'high'::uuid)
    AND tier_access IS NULL AND tier_markup IS NULL
ON CONFLICT (model_id) DO NOTHING
