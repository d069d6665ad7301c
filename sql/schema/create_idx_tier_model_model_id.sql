-- Creates the index by model. Takes SHARE on the junction table.
CREATE INDEX IF NOT EXISTS idx_tier_model_model_id ON :"target".tier_model_access (model_id)
