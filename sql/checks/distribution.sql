-- Returns a row per tier: its enabled grants, those the JSONB implies, and its markups. Reads only.
:head
SELECT
    tier.id AS tier_id,
    tier.tier_code::text AS tier_code,
    coalesce(tier.tier_name::text, '') AS tier_name,
    coalesce(tier.is_active, false) AS is_active,
    coalesce(granted.models, 0)::bigint AS models,
    coalesce(source.models, 0)::bigint AS source_models,
    granted.mean_markup::double precision AS mean_markup,
    granted.min_markup::double precision AS min_markup,
    granted.max_markup::double precision AS max_markup
FROM :"schema".subscription_tiers AS tier
LEFT JOIN (
    SELECT tier_id, count(*) AS models, avg(markup_multiplier) AS mean_markup,
        min(markup_multiplier) AS min_markup, max(markup_multiplier) AS max_markup
    FROM :"target".tier_model_access WHERE enabled GROUP BY tier_id
) AS granted ON tier.id = granted.tier_id
LEFT JOIN (
    SELECT tier_id, count(*) AS models FROM :"ledger".implied_grant GROUP BY tier_id
) AS source ON tier.id = source.tier_id
ORDER BY tier.sort_order, tier.id
