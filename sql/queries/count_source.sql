-- Returns one row: the size of the source tables. Reads only.
SELECT
    count(*) AS models,
    count(*) FILTER (WHERE enabled) AS enabled_models,
    count(*) FILTER (WHERE deprecated) AS deprecated_models,
    count(DISTINCT provider) AS providers,
    pg_table_size(to_regclass(quote_ident(:'schema') || '.model_access_control')) AS bytes
FROM :"schema".model_access_control
