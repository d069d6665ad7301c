-- Adds the backup columns, those that are not there. Takes ACCESS EXCLUSIVE on the models, for an instant (no rewrite).
ALTER TABLE :"schema".model_access_control
ADD COLUMN IF NOT EXISTS tier_access_backup jsonb,
ADD COLUMN IF NOT EXISTS tier_markup_backup jsonb
