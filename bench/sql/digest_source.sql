-- Returns how many grants the JSONB holds, a checksum of them that does not depend on their order, and the distinct pairs of values.
WITH grants AS (
    SELECT model.id AS model_id, tier.id AS tier_id,
        coalesce((model.tier_markup ->> element.code)::numeric, 1)::numeric(4, 2) AS markup
    FROM public.model_access_control AS model
    CROSS JOIN LATERAL jsonb_array_elements_text(model.tier_access) AS element (code)
    INNER JOIN public.subscription_tiers AS tier ON tier.tier_code = element.code
)
SELECT count(*) AS grants,
    coalesce(sum(hashtextextended(format('%s %s %s t', model_id, tier_id, markup), 0)::numeric), 0)::text AS checksum,
    (SELECT count(*) FROM (
        SELECT DISTINCT tier_access, tier_markup FROM public.model_access_control
    ) AS pair) AS distinct_pairs
FROM grants
