-- The migration as it was first written: indexes and foreign keys first, then one INSERT of each tier against each model.
\ir create_bare_table.sql
\ir create_indexes.sql
\ir create_keys.sql
INSERT INTO public.tier_model_access (tier_id, model_id, enabled, markup_multiplier)
SELECT tier.id, model.id, true, coalesce((model.tier_markup ->> tier.tier_code)::numeric, 1.0)
FROM public.model_access_control AS model
CROSS JOIN public.subscription_tiers AS tier
WHERE model.tier_access @> to_jsonb(ARRAY[tier.tier_code::text])
ON CONFLICT (tier_id, model_id) DO NOTHING;
ANALYZE public.tier_model_access;
