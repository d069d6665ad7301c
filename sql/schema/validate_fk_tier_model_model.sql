-- Checks every grant's model. Takes ROW SHARE on the models, which lets reads and writes pass.
ALTER TABLE :"target".tier_model_access VALIDATE CONSTRAINT fk_tier_model_model
