-- Returns one row: models, and a digest of all their tier columns as text. Reads only.
SELECT
    count(*) AS models,
    md5(coalesce(string_agg(md5(concat_ws('|', id, coalesce(tier_access::text, '-'), coalesce(tier_markup::text, '-'))), '' ORDER BY id), '')) AS digest
FROM :"schema".model_access_control
