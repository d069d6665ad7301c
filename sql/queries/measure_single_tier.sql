-- Returns the models of the tier that has most of them: the query behind a price list. Reads only.
SELECT answer.*
FROM (
    SELECT tier.tier_code
    FROM :"schema".tier_model_access AS access
    INNER JOIN :"schema".subscription_tiers AS tier ON access.tier_id = tier.id
    GROUP BY tier.tier_code ORDER BY count(*) DESC LIMIT 1
) AS fullest
CROSS JOIN LATERAL :"schema".get_models_for_tier(fullest.tier_code) AS answer
