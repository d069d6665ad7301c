-- Returns the statements that make the old columns again as they are now, in their order: defaults, comments, rights, indexes, NOT NULL. Reads only.
WITH old_column AS (
    SELECT attribute.*, format('%I.%I', namespace.nspname, class.relname) AS place
    FROM pg_attribute AS attribute
    INNER JOIN pg_class AS class ON attribute.attrelid = class.oid
    INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
    WHERE attribute.attrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
        AND attribute.attname IN ('tier_access', 'tier_markup')
        AND NOT attribute.attisdropped
)

SELECT part.statement
FROM (
    SELECT 1 AS place, format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', old_column.place, old_column.attname,
        pg_get_expr(def.adbin, def.adrelid)) AS statement
    FROM old_column
    INNER JOIN pg_attrdef AS def ON old_column.attrelid = def.adrelid AND old_column.attnum = def.adnum
    UNION ALL
    SELECT 2, format('COMMENT ON COLUMN %s.%I IS %L', old_column.place, old_column.attname,
        col_description(old_column.attrelid, old_column.attnum))
    FROM old_column
    WHERE col_description(old_column.attrelid, old_column.attnum) IS NOT NULL
    UNION ALL
    SELECT 3, format('GRANT %s (%I) ON TABLE %s TO %s', given.privilege_type, old_column.attname, old_column.place,
        CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END)
    FROM old_column
    CROSS JOIN LATERAL aclexplode(old_column.attacl) AS given
    UNION ALL
    SELECT DISTINCT 4, pg_get_indexdef(index.indexrelid)
    FROM old_column
    INNER JOIN pg_depend AS depend
        ON depend.refclassid = 'pg_class'::regclass AND depend.refobjid = old_column.attrelid AND depend.refobjsubid = old_column.attnum
        AND depend.classid = 'pg_class'::regclass
    INNER JOIN pg_index AS index ON depend.objid = index.indexrelid
    UNION ALL
    SELECT 5, format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', old_column.place, old_column.attname)
    FROM old_column
    WHERE old_column.attnotnull
) AS part
ORDER BY part.place, part.statement
