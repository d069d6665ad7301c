-- Marks the backup column as ours: without its comment nothing of tierflow's fills or drops it. Takes SHARE UPDATE EXCLUSIVE on the models, for an instant.
COMMENT ON COLUMN :"schema".model_access_control.tier_markup_backup IS 'tierflow: tier_markup as the migration captured it'
