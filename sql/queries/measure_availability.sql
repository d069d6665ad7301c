-- Returns whether one tier may use one model: the question that an application asks for each request. Reads only.
SELECT :"schema".is_model_available_for_tier(:'model'::uuid, :'tier_code')
