-- Returns a row for each column of the relations we need or make: relation, kind, column, type, not_null, has_default. Reads only.
:head
SELECT
    class.relname::text AS relation,
    class.relkind::text AS kind,
    attribute.attname::text AS name,
    format_type(attribute.atttypid, attribute.atttypmod) AS type,
    attribute.attnotnull AS not_null,
    attribute.atthasdef OR attribute.attidentity <> '' AS has_default
FROM pg_class AS class
INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
INNER JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
WHERE namespace.nspname = :'schema'
    AND class.relname IN (
        'subscription_tiers', 'model_access_control', 'tier_model_access',
        'v_model_tier_access', 'v_tier_model_summary'
    )
    AND attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY class.relname, attribute.attnum
