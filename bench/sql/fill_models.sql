-- Fills the models, each with one of 1500 pairs of access and markups, some far more common than others.
-- Every value follows from the number of the model, so that each run measures the same data; the ids look random.
WITH granted AS (
    SELECT number, tier.id, tier.tier_code AS code,
        CASE WHEN hashint8extended(number, 10 + tier.id) % 8 <> 0
            THEN trim_scale(1 + abs(hashint8extended(number, 20 + tier.id) % 200) / 100.0)
        END AS markup
    FROM generate_series(0, 1499) AS number
    CROSS JOIN public.subscription_tiers AS tier
    WHERE hashint8extended(number, tier.id) % 2 = 0
), pair AS MATERIALIZED (
    SELECT number,
        jsonb_agg(code ORDER BY id) AS access,
        jsonb_object_agg(code, markup) FILTER (WHERE markup IS NOT NULL AND number % 10 <> 0) AS markups
    FROM granted
    GROUP BY number
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
    pair.access,
    pair.markups,
    jsonb_build_object(
        'input_per_1k', (1 + model.number % 90) / 1000.0,
        'output_per_1k', (3 + model.number % 270) / 1000.0,
        'currency', 'USD'
    ),
    timestamp '2026-01-01'
FROM (
    SELECT number, (1500 * power(abs(hashint8extended(number, 1) % 1000000) / 1e6, 2))::integer AS wanted
    FROM generate_series(1, :'models'::bigint) AS number
) AS model
LEFT JOIN pair ON pair.number = model.wanted
