-- Adds the key to the tiers, not yet validated. Takes SHARE ROW EXCLUSIVE on both tables, for an instant.
ALTER TABLE :"target".tier_model_access ADD CONSTRAINT fk_tier_model_tier
FOREIGN KEY (tier_id) REFERENCES :"schema".subscription_tiers (id) ON UPDATE CASCADE ON DELETE CASCADE NOT VALID
