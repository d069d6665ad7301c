-- Creates the index that answers "may this tier use this model". Takes SHARE on the junction table.
CREATE INDEX IF NOT EXISTS idx_tier_model_lookup ON :"target".tier_model_access (tier_id, model_id, enabled)
