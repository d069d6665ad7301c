-- What a careful DBA writes for one session: fill the bare table from the exploded arrays, then build the indexes, then the keys.
\ir create_bare_table.sql
INSERT INTO public.tier_model_access (tier_id, model_id, enabled, markup_multiplier)
SELECT tier.id, model.id, true, coalesce((model.tier_markup ->> element.code)::numeric, 1.0)
FROM public.model_access_control AS model
CROSS JOIN LATERAL jsonb_array_elements_text(model.tier_access) AS element (code)
INNER JOIN public.subscription_tiers AS tier ON tier.tier_code = element.code;
\ir create_indexes.sql
\ir create_keys.sql
ANALYZE public.tier_model_access;
