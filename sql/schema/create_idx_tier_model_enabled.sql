-- Creates the index of the enabled grants. Takes SHARE on the junction table.
CREATE INDEX IF NOT EXISTS idx_tier_model_enabled ON :"target".tier_model_access (enabled) WHERE enabled
