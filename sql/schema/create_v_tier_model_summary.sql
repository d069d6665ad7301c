-- Creates the view of what each tier offers: models, providers and the range of markups. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"schema".v_tier_model_summary AS
SELECT
    tier.tier_code,
    tier.tier_name,
    tier.sort_order,
    count(model.id) AS model_count,
    count(DISTINCT model.provider) AS providers,
    min(access.markup_multiplier) FILTER (WHERE model.id IS NOT NULL) AS min_markup,
    max(access.markup_multiplier) FILTER (WHERE model.id IS NOT NULL) AS max_markup
FROM :"schema".subscription_tiers AS tier
LEFT JOIN :"target".tier_model_access AS access ON access.tier_id = tier.id AND access.enabled
LEFT JOIN :"schema".model_access_control AS model ON model.id = access.model_id AND model.enabled
GROUP BY tier.id, tier.tier_code, tier.tier_name, tier.sort_order
