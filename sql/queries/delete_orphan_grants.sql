-- Deletes the grants of models or tiers that do not exist. Locks the rows it deletes.
DELETE FROM :"schema".tier_model_access AS access
WHERE NOT EXISTS (SELECT FROM :"schema".subscription_tiers AS tier WHERE tier.id = access.tier_id)
    OR NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = access.model_id)
