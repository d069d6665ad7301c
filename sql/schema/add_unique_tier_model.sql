-- Adds the rule of one grant per tier and model. Takes ACCESS EXCLUSIVE on the junction table only.
ALTER TABLE :"target".tier_model_access ADD CONSTRAINT unique_tier_model UNIQUE (tier_id, model_id)
