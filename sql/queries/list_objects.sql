-- Returns a row for each of our objects that exists: kind, name, and a shape that says whether it is ours. Reads only.
:head
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
-- a view of PostgreSQL 14 cannot have it, and lacks nothing there
SELECT 'security_invoker', class.relname::text, class.relkind::text
FROM pg_class AS class
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('v_model_tier_access', 'v_tier_model_summary')
    AND class.relkind = 'v'
    AND (
        current_setting('server_version_num')::integer < 150000
        OR class.reloptions && ARRAY['security_invoker=true', 'security_invoker=on']
    )
UNION ALL
SELECT 'index', class.relname::text,
    CASE WHEN index.indexrelid IS NULL THEN class.relkind::text ELSE
        concat_ws(' ',
            parent.relname,
            CASE WHEN index.indisunique THEN 'unique' END,
            regexp_replace(pg_get_indexdef(class.oid), '^.* USING ', ''),
            CASE WHEN EXISTS (SELECT FROM pg_constraint WHERE conindid = class.oid AND contype IN ('p', 'u')) THEN 'constraint' END,
            CASE WHEN NOT index.indisvalid THEN 'invalid' END
        )
    END
FROM pg_class AS class
LEFT JOIN pg_index AS index ON index.indexrelid = class.oid
LEFT JOIN pg_class AS parent ON index.indrelid = parent.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN (
        'unique_tier_model', 'idx_tier_model_tier_id', 'idx_tier_model_model_id',
        'idx_tier_model_enabled', 'idx_tier_model_lookup', 'tier_model_access_pkey'
    )
UNION ALL
SELECT 'sequence', class.relname::text, coalesce(parent.relname::text, class.relkind::text)
FROM pg_class AS class
LEFT JOIN pg_depend AS depend
    ON depend.classid = 'pg_class'::regclass AND depend.objid = class.oid AND depend.deptype IN ('a', 'i')
    AND depend.refobjsubid > 0
LEFT JOIN pg_class AS parent ON depend.refobjid = parent.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname = 'tier_model_access_id_seq'
UNION ALL
SELECT 'constraint', con.conname::text, concat_ws(' ', con.contype::text || con.confdeltype::text || con.confupdtype::text, parent.relname)
FROM pg_constraint AS con
INNER JOIN pg_class AS class ON con.conrelid = class.oid
LEFT JOIN pg_class AS parent ON con.confrelid = parent.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname = 'tier_model_access'
    AND con.conname IN ('fk_tier_model_tier', 'fk_tier_model_model')
    AND con.convalidated
UNION ALL
SELECT 'function', proc.proname::text,
    format('(%s) -> %s', pg_get_function_identity_arguments(proc.oid), pg_get_function_result(proc.oid))
FROM pg_proc AS proc
WHERE proc.pronamespace = to_regnamespace(quote_ident(:'schema'))
    AND proc.proname IN (
        'get_models_for_tier', 'is_model_available_for_tier', 'touch_tier_model_access',
        'assign_models_to_tier', 'remove_model_from_tier', 'set_model_markup', 'set_model_tiers',
        'check_tier_write', 'raise_tier_error'
    )
UNION ALL
SELECT 'trigger', tgname::text, class.relname::text
FROM pg_trigger
INNER JOIN pg_class AS class ON tgrelid = class.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND (
        (class.relname = 'tier_model_access' AND tgname = 'touch_tier_model_access')
        OR (class.relname IN ('tier_model_access', 'model_access_control', 'subscription_tiers') AND starts_with(tgname, 'tierflow_sync_'))
    )
    -- those that follow an apply worker fire for it, the others for everybody else
    AND tgenabled IN ('A', CASE WHEN tgname LIKE '%\_replica' THEN 'R' ELSE 'O' END)
UNION ALL
SELECT 'column', attribute.attname::text, format_type(attribute.atttypid, attribute.atttypmod)
FROM pg_attribute AS attribute
WHERE attribute.attrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
    AND attribute.attname IN ('tier_access_backup', 'tier_markup_backup')
    AND NOT attribute.attisdropped
    -- the mark that a migration gives to its own
    AND starts_with(col_description(attribute.attrelid, attribute.attnum), 'tierflow: ')
UNION ALL
SELECT 'schema', nspname::text, ''
FROM pg_namespace
WHERE nspname IN (:'ledger', :'build')
