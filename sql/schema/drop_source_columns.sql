-- Drops the old columns, with the indexes on them. Takes ACCESS EXCLUSIVE on the models, for an instant (no rewrite).
ALTER TABLE :"schema".model_access_control
DROP COLUMN tier_access RESTRICT,
DROP COLUMN tier_markup RESTRICT
