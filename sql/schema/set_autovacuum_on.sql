-- Gives the junction table to autovacuum again. Takes SHARE UPDATE EXCLUSIVE on it.
ALTER TABLE :"target".tier_model_access RESET (autovacuum_enabled)
