-- Returns one half of the grants, in the order of the models, as COPY writes them: the file that the limit loads.
COPY (
    SELECT tier.id, model.id,
        coalesce((model.tier_markup ->> element.code)::numeric, 1)::numeric(4, 2)
    FROM public.model_access_control AS model
    CROSS JOIN LATERAL jsonb_array_elements_text(model.tier_access) AS element (code)
    INNER JOIN public.subscription_tiers AS tier ON tier.tier_code = element.code
    WHERE (model.id < '80000000-0000-0000-0000-000000000000') = :'first'::boolean
    ORDER BY model.id
) TO STDOUT
