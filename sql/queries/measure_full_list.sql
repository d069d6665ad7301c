-- Returns the whole compatibility view. Reads only.
SELECT * FROM :"schema".v_model_tier_access
