-- Drops the published view v_tier_model_summary; stops when somebody else's object needs it. Takes ACCESS EXCLUSIVE on it.
DROP VIEW IF EXISTS :"schema".v_tier_model_summary RESTRICT
