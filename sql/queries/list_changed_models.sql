-- Returns the first models whose tier columns are not as captured, in the order of their names, and how many they are; models that were never captured aside. Reads only.
SELECT
    model.model_id::text AS model,
    concat_ws(' ', coalesce(stored.tier_access::text, 'NULL'), coalesce(stored.tier_markup::text, 'NULL')) AS captured,
    concat_ws(' ', coalesce(model.tier_access::text, 'NULL'), coalesce(model.tier_markup::text, 'NULL')) AS now,
    count(*) OVER () AS total
FROM :"schema".model_access_control AS model
INNER JOIN :"ledger".captured AS stored ON model.id = stored.model_id
WHERE model.tier_access::text IS DISTINCT FROM stored.tier_access::text
    OR model.tier_markup::text IS DISTINCT FROM stored.tier_markup::text
ORDER BY 1
LIMIT :'most'
