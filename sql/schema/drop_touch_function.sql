-- Drops the function that kept updated_at of the grants. Locks nothing.
DROP FUNCTION IF EXISTS :"schema".touch_tier_model_access() RESTRICT
