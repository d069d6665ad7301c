-- Checks every grant's tier. Takes ROW SHARE on the tiers, which lets reads and writes pass.
ALTER TABLE :"target".tier_model_access VALIDATE CONSTRAINT fk_tier_model_tier
