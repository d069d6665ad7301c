-- Returns a row for each of our objects that exists: kind, name, and a shape that says whether it is ours. Reads only.
SELECT 'table' AS kind, class.relname::text AS name, class.relkind::text || class.relpersistence::text AS shape
FROM pg_class AS class
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('tier_model_access')
UNION ALL
SELECT 'view', class.relname::text, class.relkind::text
FROM pg_class AS class
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('v_model_tier_access', 'v_tier_model_summary')
UNION ALL
SELECT 'index', class.relname::text, coalesce(parent.relname::text, class.relkind::text)
FROM pg_class AS class
LEFT JOIN pg_index AS index ON index.indexrelid = class.oid AND index.indisvalid
LEFT JOIN pg_class AS parent ON index.indrelid = parent.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN (
        'unique_tier_model', 'idx_tier_model_tier_id', 'idx_tier_model_model_id',
        'idx_tier_model_enabled', 'idx_tier_model_lookup'
    )
UNION ALL
SELECT 'constraint', con.conname::text, con.contype::text || con.confdeltype::text
FROM pg_constraint AS con
INNER JOIN pg_class AS class ON con.conrelid = class.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname = 'tier_model_access'
    AND con.conname IN ('fk_tier_model_tier', 'fk_tier_model_model')
    AND con.convalidated
UNION ALL
SELECT 'function', proc.proname::text,
    format('(%s) -> %s', pg_get_function_identity_arguments(proc.oid), pg_get_function_result(proc.oid))
FROM pg_proc AS proc
WHERE proc.pronamespace = to_regnamespace(quote_ident(:'schema'))
    AND proc.proname IN ('get_models_for_tier', 'is_model_available_for_tier', 'touch_tier_model_access')
UNION ALL
SELECT 'trigger', tgname::text, class.relname::text
FROM pg_trigger
INNER JOIN pg_class AS class ON tgrelid = class.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND tgname = 'touch_tier_model_access' AND tgenabled <> 'D'
UNION ALL
SELECT 'column', attribute.attname::text, format_type(attribute.atttypid, attribute.atttypmod)
FROM pg_attribute AS attribute
WHERE attribute.attrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
    AND attribute.attname IN ('tier_access_backup', 'tier_markup_backup')
    AND NOT attribute.attisdropped
UNION ALL
SELECT 'schema', nspname::text, ''
FROM pg_namespace
WHERE nspname IN (:'ledger', :'build')
