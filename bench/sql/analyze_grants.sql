-- Gives the planner the figures of the junction table.
ANALYZE public.tier_model_access
