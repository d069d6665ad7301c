-- Grants every 20th model to all tiers, as a new application does. Locks the new rows and, by the sync, their models.
INSERT INTO :"schema".tier_model_access (tier_id, model_id, markup_multiplier)
SELECT tier.id, model.id, 1.5
FROM :"schema".model_access_control AS model
CROSS JOIN :"schema".subscription_tiers AS tier
WHERE ('x' || substr(md5(model.id::text), 13, 4))::bit(16)::integer % 20 = 3
ON CONFLICT (tier_id, model_id) DO NOTHING
