-- Notes the grants of some models, which both sides agree on now, tier by tier (NULL: no grant). Locks nothing that the application uses.
INSERT INTO :"ledger".reconciled_grant (model_id, tier_id, markup_multiplier)
SELECT model.id, tier.id, access.markup_multiplier
FROM unnest(:'models'::uuid []) AS model (id)
CROSS JOIN :"schema".subscription_tiers AS tier
LEFT JOIN :"target".tier_model_access AS access
    ON access.model_id = model.id AND access.tier_id = tier.id AND access.enabled
ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier
