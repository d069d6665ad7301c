-- Drops the published table tier_model_access; stops when somebody else's object needs it. Takes ACCESS EXCLUSIVE on it.
DROP TABLE IF EXISTS :"schema".tier_model_access RESTRICT
