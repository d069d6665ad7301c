-- Returns the summary of the tiers beside the counts per provider: the query behind an admin page. Reads only.
SELECT summary.tier_code, summary.model_count, summary.min_markup, summary.max_markup, offers.provider, offers.models
FROM :"schema".v_tier_model_summary AS summary
LEFT JOIN (
    SELECT tier_code, provider, count(*) AS models
    FROM :"schema".v_model_tier_access GROUP BY tier_code, provider
) AS offers ON summary.tier_code = offers.tier_code
