-- Drops the published function is_model_available_for_tier; stops when somebody else's object needs it. Locks nothing.
DROP FUNCTION IF EXISTS :"schema".is_model_available_for_tier(uuid, varchar) RESTRICT
