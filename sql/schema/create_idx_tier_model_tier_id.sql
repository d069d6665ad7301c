-- Creates the index by tier. Takes SHARE on the junction table.
CREATE INDEX IF NOT EXISTS idx_tier_model_tier_id ON :"target".tier_model_access (tier_id)
