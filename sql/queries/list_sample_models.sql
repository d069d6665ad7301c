-- Returns the ids of some models and the code of a tier for each, from a sample of the table's pages. Reads only.
SELECT model.id, tier.tier_code::text AS tier_code
FROM (
    SELECT id, row_number() OVER (ORDER BY md5(id::text)) AS number
    FROM :"schema".model_access_control
    TABLESAMPLE SYSTEM ((SELECT 100.0 * least(1.0, 400 / greatest(pg_relation_size(
        to_regclass(quote_ident(:'schema') || '.model_access_control')
    ) / current_setting('block_size')::double precision, 1)))) REPEATABLE (1)
    ORDER BY md5(id::text) LIMIT :'sample_models'
) AS model
INNER JOIN (
    SELECT tier_code, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS total
    FROM :"schema".subscription_tiers
) AS tier ON model.number % tier.total = tier.number
