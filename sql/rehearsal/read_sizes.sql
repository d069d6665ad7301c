-- Returns the bytes that a migration needs: the junction table with its indexes, and the models with their backup. Reads only.
SELECT
    pg_total_relation_size(to_regclass(quote_ident(:'schema') || '.tier_model_access')) AS junction_bytes,
    pg_total_relation_size(to_regclass(quote_ident(:'schema') || '.model_access_control')) AS models_bytes
