-- Returns one row: the size of the source tables. Reads only.
-- Grouped by provider first: count(DISTINCT) sorts, and took 0.8 s for 1,000,000 models instead of 0.2 s.
SELECT
    coalesce(sum(models), 0)::bigint AS models,
    coalesce(sum(enabled_models), 0)::bigint AS enabled_models,
    coalesce(sum(deprecated_models), 0)::bigint AS deprecated_models,
    count(provider) AS providers,
    coalesce(sum(jsonb_bytes), 0)::bigint AS jsonb_bytes,
    pg_table_size(to_regclass(quote_ident(:'schema') || '.model_access_control')) AS bytes
FROM (
    SELECT
        provider,
        count(*) AS models,
        count(*) FILTER (WHERE enabled) AS enabled_models,
        count(*) FILTER (WHERE deprecated) AS deprecated_models,
        sum(coalesce(pg_column_size(tier_access), 0) + coalesce(pg_column_size(tier_markup), 0)) AS jsonb_bytes
    FROM :"schema".model_access_control
    GROUP BY provider
) AS by_provider
