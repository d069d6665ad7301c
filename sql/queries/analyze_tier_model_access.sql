-- Collects the planner's statistics of the junction table. Takes SHARE UPDATE EXCLUSIVE on it.
ANALYZE :"target".tier_model_access
