-- Returns the models that a tier may use, with pricing and markup, as applications asked the JSONB and its GIN index before.
SELECT id, model_id, provider, display_name, tier_markup ->> %(code)s::text, pricing
FROM public.model_access_control
WHERE enabled AND tier_access @> jsonb_build_array(%(code)s::text)
ORDER BY provider, model_id
