-- Returns the first models whose tier columns are not as captured, in the order of their names, and how many they are; models that were never captured aside. Reads only.
SELECT
    model.model_id::text AS model,
    concat_ws(' ', coalesce(model.tier_access_backup::text, 'NULL'), coalesce(model.tier_markup_backup::text, 'NULL')) AS captured,
    concat_ws(' ', coalesce(model.tier_access::text, 'NULL'), coalesce(model.tier_markup::text, 'NULL')) AS now,
    count(*) OVER () AS total
FROM :"schema".model_access_control AS model
WHERE (model.tier_access::text IS DISTINCT FROM model.tier_access_backup::text
        OR model.tier_markup::text IS DISTINCT FROM model.tier_markup_backup::text)
    AND (model.tier_access_backup IS NOT NULL OR model.tier_markup_backup IS NOT NULL
        OR EXISTS (SELECT FROM :"ledger".null_backup AS noted WHERE noted.model_id = model.id))
ORDER BY 1
LIMIT :'most'
