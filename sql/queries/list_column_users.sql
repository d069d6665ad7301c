-- Returns each object that still uses the old or the backup columns, ours aside: what, and how that is known. Reads only.
-- What the catalogue knows (views, rules, policies, triggers, defaults, constraints, statistics), and functions by the text of their body.
-- An index falls with its columns, and so does a column's own default.
WITH old_column AS (
    SELECT attribute.attrelid, attribute.attnum, attribute.attname::text AS name
    FROM pg_attribute AS attribute
    WHERE attribute.attrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
        AND NOT attribute.attisdropped
        AND (
            attribute.attname IN ('tier_access', 'tier_markup')
            OR (attribute.attname IN ('tier_access_backup', 'tier_markup_backup')
                AND starts_with(col_description(attribute.attrelid, attribute.attnum), 'tierflow: '))
        )
),

used AS (
    SELECT
        depend.classid, depend.objid, depend.objsubid,
        coalesce(rule.ev_class, trigger.tgrelid, con.conrelid, def.adrelid, policy.polrelid) AS owner,
        rule.rulename::text AS rule,
        trigger.tgfoid AS function,
        string_agg(DISTINCT old_column.name, ', ') AS columns
    FROM pg_depend AS depend
    INNER JOIN old_column ON depend.refobjid = old_column.attrelid AND depend.refobjsubid = old_column.attnum
    LEFT JOIN pg_rewrite AS rule ON depend.classid = 'pg_rewrite'::regclass AND depend.objid = rule.oid
    LEFT JOIN pg_trigger AS trigger ON depend.classid = 'pg_trigger'::regclass AND depend.objid = trigger.oid
    LEFT JOIN pg_constraint AS con ON depend.classid = 'pg_constraint'::regclass AND depend.objid = con.oid
    LEFT JOIN pg_attrdef AS def ON depend.classid = 'pg_attrdef'::regclass AND depend.objid = def.oid
    LEFT JOIN pg_policy AS policy ON depend.classid = 'pg_policy'::regclass AND depend.objid = policy.oid
    WHERE depend.refclassid = 'pg_class'::regclass AND depend.deptype IN ('n', 'a')
        AND NOT (depend.classid = 'pg_class'::regclass AND depend.objsubid = 0 AND EXISTS (
            SELECT FROM pg_class AS index WHERE index.oid = depend.objid AND index.relkind IN ('i', 'I')
        ))
        AND NOT EXISTS (
            SELECT FROM old_column AS own WHERE own.attrelid = def.adrelid AND own.attnum = def.adnum
        )
        AND NOT (depend.classid = 'pg_class'::regclass AND depend.objid = old_column.attrelid AND EXISTS (
            SELECT FROM old_column AS own WHERE own.attnum = depend.objsubid
        ))
    GROUP BY 1, 2, 3, 4, 5, 6
)

SELECT
    CASE WHEN used.rule = '_RETURN' THEN pg_describe_object('pg_class'::regclass, used.owner, 0)
        ELSE pg_describe_object(used.classid, used.objid, used.objsubid)
    END AS name,
    'uses ' || used.columns AS how
FROM used
LEFT JOIN pg_class AS owner ON used.owner = owner.oid
LEFT JOIN pg_proc AS function ON used.function = function.oid
WHERE owner.relnamespace IS DISTINCT FROM to_regnamespace(quote_ident(:'ledger'))
    AND function.pronamespace IS DISTINCT FROM to_regnamespace(quote_ident(:'ledger'))
UNION
SELECT
    pg_describe_object('pg_proc'::regclass, proc.oid, 0),
    'names ' || (regexp_match(proc.prosrc, '\m(?:tier_access|tier_markup)(?:_backup)?\M', 'i'))[1] || ' in its body'
FROM pg_proc AS proc
INNER JOIN pg_namespace AS namespace ON proc.pronamespace = namespace.oid
WHERE namespace.nspname NOT IN ('pg_catalog', 'information_schema', :'ledger', :'build', 'tierflow_dry_run')
    AND proc.prosrc ~* '\m(?:tier_access|tier_markup)(?:_backup)?\M'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS member
        WHERE member.classid = 'pg_proc'::regclass AND member.objid = proc.oid AND member.deptype = 'e'
    )
ORDER BY 1
