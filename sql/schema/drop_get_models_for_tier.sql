-- Drops the published function get_models_for_tier; stops when somebody else's object needs it. Locks nothing.
DROP FUNCTION IF EXISTS :"schema".get_models_for_tier(varchar) RESTRICT
