-- Returns a row for each thing that a migration cannot live with: scope (source, room, backup: concerns a run with backup columns only, or dropped: what a run would drop with its own), and what it is and what to do. Reads only.
-- What belongs to others has none of the marks of ours: a column of each relation, the rules while a migration is in force.
:head
WITH source AS (
    SELECT class.*, format('%I.%I', :'schema', class.relname) AS name
    FROM pg_class AS class
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('subscription_tiers', 'model_access_control')
),

ours (name, kind, mark) AS (
    VALUES
    ('run', 'r', 'database_schema'), ('step', 'r', 'ordinal'), ('chunk', 'r', 'captured'),
    ('change_log', 'r', 'change_id'), ('quarantine', 'r', 'model_identifier'), ('decision', 'r', 'fingerprint'),
    ('tier_map', 'r', 'ordinal'), ('finalization', 'r', 'sha256'), ('captured', 'r', 'caught_up'), ('reconciled_grant', 'r', 'markup_multiplier'),
    ('tier_code', 'v', 'tier_id'), ('implied_grant', 'v', 'markup_multiplier'), ('sync_model', 'v', 'tier_access'),
    ('sync_grant', 'v', 'markup_multiplier'), ('sync_tier', 'v', 'tier_code'), ('tier_model_access', 'r', 'markup_multiplier'),
    ('capture_change', 'f', ''), ('keep_other_columns', 'f', ''), ('markup_number', 'f', ''), ('usable_markup', 'f', ''),
    ('implied_grants', 'f', ''), ('implied_grants_of_pairs', 'f', '')
),

-- all that stands in the schemas of our names; the types of relations and the arrays of types come with them
inside AS (
    SELECT namespace.nspname AS schema, 'relation' AS kind, class.relname AS name,
        EXISTS (
            SELECT FROM ours
            INNER JOIN pg_attribute AS attribute ON attribute.attname = ours.mark
            WHERE ours.name = class.relname AND ours.kind = class.relkind AND attribute.attrelid = class.oid
        ) AS is_ours
    FROM pg_class AS class
    INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
    WHERE namespace.nspname IN (:'ledger', :'build', :'dry_run') AND class.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT namespace.nspname, 'type', type.typname, false
    FROM pg_type AS type
    INNER JOIN pg_namespace AS namespace ON type.typnamespace = namespace.oid
    WHERE namespace.nspname IN (:'ledger', :'build', :'dry_run')
        AND type.typrelid = 0 AND type.typcategory <> 'A'
    UNION ALL
    SELECT namespace.nspname, 'function', proc.proname,
        namespace.nspname <> :'build' AND (
            EXISTS (
                SELECT FROM pg_attribute
                WHERE attrelid = to_regclass(format('%I.run', namespace.nspname)) AND attname = 'database_schema'
            )
            OR (namespace.nspname = :'dry_run' AND proc.proname IN (SELECT ours.name FROM ours WHERE ours.kind = 'f'))
        )
    FROM pg_proc AS proc
    INNER JOIN pg_namespace AS namespace ON proc.pronamespace = namespace.oid
    WHERE namespace.nspname IN (:'ledger', :'build', :'dry_run')
),

-- before any migration nobody's view, function or column is ours, though it looks like ours
room AS (
    SELECT to_regclass(format('%I.tier_model_access', :'schema')) IS NULL
        AND to_regclass(format('%I.implied_grant', :'ledger')) IS NULL AS is_untouched
)

SELECT 'source' AS scope,
    'the encoding of this database is SQL_ASCII, in which letters beyond ASCII have no meaning: dump it, and restore it into a database of UTF8' AS obstacle
WHERE getdatabaseencoding() = 'SQL_ASCII'
UNION ALL
SELECT 'source', format(
    '%s has child tables (%s), whose rows no foreign key can refer to: partition it, or ALTER TABLE ... NO INHERIT',
    source.name, string_agg(inherits.inhrelid::regclass::text, ', ' ORDER BY inherits.inhrelid)
)
FROM source
INNER JOIN pg_inherits AS inherits ON inherits.inhparent = source.oid
WHERE source.relkind = 'r'
GROUP BY source.name
UNION ALL
SELECT 'source', format(
    '%s is a child of %s, and what is written through that passes by the triggers of the sync: ALTER TABLE ... NO INHERIT, or DETACH PARTITION',
    source.name, inherits.inhparent::regclass
)
FROM source
INNER JOIN pg_inherits AS inherits ON inherits.inhrelid = source.oid
UNION ALL
SELECT 'source', format('%s is not a permanent table, and no foreign key of one may refer to it: ALTER TABLE ... SET LOGGED', source.name)
FROM source
WHERE source.relpersistence <> 'p'
UNION ALL
SELECT 'source', format('%s is a table of a type, which takes no other columns: ALTER TABLE ... NOT OF', source.name)
FROM source
WHERE source.reloftype <> 0
UNION ALL
SELECT 'source', format('%s has no primary key or unique index on id alone (not deferrable, not partial), which the foreign key needs: ALTER TABLE ... ADD PRIMARY KEY (id)', source.name)
FROM source
WHERE NOT EXISTS (
    SELECT FROM pg_index AS index
    INNER JOIN pg_attribute AS attribute ON attribute.attrelid = source.oid AND attribute.attnum = index.indkey[0]
    WHERE index.indrelid = source.oid AND index.indisunique AND index.indimmediate AND index.indisvalid
        AND index.indpred IS NULL AND index.indnkeyatts = 1 AND attribute.attname = 'id'
)
UNION ALL
SELECT 'source', format('column %s of %s is generated, so that no change of a grant could be written into it: ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION', attribute.attname, source.name)
FROM source
INNER JOIN pg_attribute AS attribute ON attribute.attrelid = source.oid
WHERE attribute.attname IN ('tier_access', 'tier_markup') AND attribute.attgenerated <> ''
UNION ALL
SELECT 'source', format('%s has the rule %s, which our updates cannot live with: make it a trigger, then DROP RULE', source.name, rule.rulename)
FROM source
INNER JOIN pg_rewrite AS rule ON rule.ev_class = source.oid
WHERE rule.ev_type <> '1'
UNION ALL
SELECT 'source', format('column tier_code of %s has the collation %s, to which different codes are equal: ALTER COLUMN tier_code TYPE varchar COLLATE "C"', source.name, collating.collname)
FROM source
INNER JOIN pg_attribute AS attribute ON attribute.attrelid = source.oid AND attribute.attname = 'tier_code'
INNER JOIN pg_collation AS collating ON attribute.attcollation = collating.oid
WHERE NOT collating.collisdeterministic
UNION ALL
SELECT 'room', format('type %I.%I has the name of a relation that a migration makes: rename it', :'schema', type.typname)
FROM pg_type AS type
WHERE type.typnamespace = to_regnamespace(quote_ident(:'schema'))
    AND type.typname IN ('tier_model_access', 'v_model_tier_access', 'v_tier_model_summary')
    AND type.typrelid = 0 AND type.typcategory <> 'A'
UNION ALL
SELECT 'room', format('view %I.%I is there and no migration made it, which would replace it: rename it', :'schema', class.relname)
FROM pg_class AS class
CROSS JOIN room
WHERE room.is_untouched AND class.relkind = 'v'
    AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('v_model_tier_access', 'v_tier_model_summary')
UNION ALL
SELECT 'room', format('function %s is there and no migration made it, which would replace it: rename it', proc.oid::regprocedure)
FROM pg_proc AS proc
CROSS JOIN room
WHERE room.is_untouched
    AND proc.pronamespace = to_regnamespace(quote_ident(:'schema'))
    AND proc.proname IN (
        'get_models_for_tier', 'is_model_available_for_tier', 'touch_tier_model_access',
        'assign_models_to_tier', 'remove_model_from_tier', 'set_model_markup', 'set_model_tiers',
        'check_tier_write', 'raise_tier_error'
    )
UNION ALL
SELECT 'backup', format('column %s of %s is there and no migration made it, which would fill it, and a rollback drop it: rename it, or do without backup columns', attribute.attname, source.name)
FROM source
INNER JOIN pg_attribute AS attribute ON attribute.attrelid = source.oid
WHERE attribute.attname IN ('tier_access_backup', 'tier_markup_backup')
    AND NOT coalesce(starts_with(col_description(source.oid, attribute.attnum), 'tierflow: '), false)
UNION ALL
SELECT CASE WHEN inside.schema = :'ledger' THEN 'room' ELSE 'dropped' END,
    format('schema %I holds the %s %I, which is not of tierflow, and %s: move or rename it',
        inside.schema, inside.kind, inside.name,
        CASE WHEN inside.schema = :'ledger' THEN 'its ledger needs the name' ELSE 'a run would drop it' END
    )
FROM inside
WHERE NOT inside.is_ours
    AND (inside.schema <> :'ledger' OR inside.name IN (SELECT ours.name FROM ours))
