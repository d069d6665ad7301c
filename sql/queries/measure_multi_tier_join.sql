-- Returns each model with all tiers that may use it: the query behind a comparison page. Reads only.
SELECT offer.model_id, offer.model_identifier, array_agg(offer.tier_code ORDER BY offer.tier_code) AS tiers
FROM :"schema".v_model_tier_access AS offer
GROUP BY offer.model_id, offer.model_identifier
