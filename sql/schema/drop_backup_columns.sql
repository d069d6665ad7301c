-- Drops the backup columns. Takes ACCESS EXCLUSIVE on the models, for an instant (no rewrite).
ALTER TABLE :"schema".model_access_control
DROP COLUMN IF EXISTS tier_access_backup,
DROP COLUMN IF EXISTS tier_markup_backup
