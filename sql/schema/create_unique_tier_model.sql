-- Creates the index behind the rule of one grant per tier and model. Takes SHARE on the junction table.
CREATE UNIQUE INDEX IF NOT EXISTS unique_tier_model ON :"target".tier_model_access (tier_id, model_id)
