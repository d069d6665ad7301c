-- Drops the published view v_model_tier_access; stops when somebody else's object needs it. Takes ACCESS EXCLUSIVE on it.
DROP VIEW IF EXISTS :"schema".v_model_tier_access RESTRICT
