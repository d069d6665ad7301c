-- Returns each distinct pair of tier columns as text, and how many models hold it. Reads only.
-- The text is grouped, not the jsonb: 1.0 and 1.00 are equal as jsonb, and the backup must tell them apart.
:head
SELECT
    tier_access::text AS tier_access,
    tier_markup::text AS tier_markup,
    count(*) AS models,
    count(*) FILTER (WHERE enabled) AS enabled_models
FROM :"schema".model_access_control
GROUP BY 1, 2
