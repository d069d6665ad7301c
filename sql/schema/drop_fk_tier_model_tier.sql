-- Drops the key to the tiers of an unpublished table, if it is there. Takes ACCESS EXCLUSIVE on that table and the tiers, for an instant.
ALTER TABLE :"target".tier_model_access DROP CONSTRAINT IF EXISTS fk_tier_model_tier
