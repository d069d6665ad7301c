-- Returns a row per tier and provider: models and mean markup. Reads only.
SELECT tier_code::text AS tier_code, provider::text AS provider, count(*) AS models,
    round(avg(markup_multiplier), 2)::double precision AS mean_markup
FROM :"schema".v_model_tier_access
GROUP BY tier_code, provider
ORDER BY tier_code, models DESC, provider
