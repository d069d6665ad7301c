-- Makes the index of tier and model the rule of one grant per tier and model. Takes ACCESS EXCLUSIVE on the junction table, for an instant.
ALTER TABLE :"target".tier_model_access ADD CONSTRAINT unique_tier_model UNIQUE USING INDEX unique_tier_model
