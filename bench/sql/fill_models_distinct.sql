-- Fills the models, each with 4 tiers and markups that (almost) no other model has: the worst case of a load that reads distinct values once.
WITH pick AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY bits) - 1 AS number,
        array_agg(tier.tier_code::text ORDER BY tier.id) AS codes
    FROM generate_series(0, 255) AS bits
    CROSS JOIN public.subscription_tiers AS tier
    WHERE bits >> (tier.id - 1) & 1 = 1
    GROUP BY bits
    HAVING count(*) = 4
)
INSERT INTO public.model_access_control (
    id, model_id, provider, display_name, enabled, deprecated, tier_access, tier_markup, pricing, updated_at
)
SELECT
    md5('model ' || model.number)::uuid,
    'provider-' || model.number % 40 || '/model-' || model.number,
    'provider-' || model.number % 40,
    'Model ' || model.number,
    model.number % 50 <> 0,
    model.number % 20 = 0,
    to_jsonb(pick.codes),
    jsonb_build_object(
        pick.codes[1], trim_scale(1 + abs(hashint8extended(model.number, 21) % 900) / 100.0),
        pick.codes[2], trim_scale(1 + abs(hashint8extended(model.number, 22) % 900) / 100.0),
        pick.codes[3], trim_scale(1 + abs(hashint8extended(model.number, 23) % 900) / 100.0),
        pick.codes[4], trim_scale(1 + abs(hashint8extended(model.number, 24) % 900) / 100.0)
    ),
    jsonb_build_object(
        'input_per_1k', (1 + model.number % 90) / 1000.0,
        'output_per_1k', (3 + model.number % 270) / 1000.0,
        'currency', 'USD'
    ),
    timestamp '2026-01-01'
FROM (
    SELECT number, abs(hashint8extended(number, 1) % 70) AS wanted
    FROM generate_series(1, :'models'::bigint) AS number
) AS model
INNER JOIN pick ON pick.number = model.wanted
