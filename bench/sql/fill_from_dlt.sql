-- Fills the junction table from what dlt has loaded: the models, and their array as a child table.
INSERT INTO public.tier_model_access (tier_id, model_id, enabled, markup_multiplier)
SELECT tier.id, model.id::uuid, true, coalesce((model.tier_markup ->> element.value)::numeric, 1.0)
FROM staged.models AS model
INNER JOIN staged.models__tier_access AS element ON element._dlt_parent_id = model._dlt_id
INNER JOIN public.subscription_tiers AS tier ON tier.tier_code = element.value;
