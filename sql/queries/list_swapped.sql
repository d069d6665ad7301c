-- Returns a row for each of the three tables that is another one than our sync hangs on: its name, and schema and name of that one now (NULL: it is gone, and what hung on it). Reads only.
-- A ledger that serves another schema hangs on tables of these names there.
:head
WITH side (relation, view, prefix) AS (
    VALUES
    ('model_access_control', 'sync_model', 'tierflow_sync_models_%'),
    ('subscription_tiers', 'sync_tier', 'tierflow_sync_tiers_%'),
    ('tier_model_access', 'sync_grant', 'tierflow_sync_grants_%')
),

held AS (
    SELECT side.relation, depend.refobjid AS oid
    FROM side
    INNER JOIN pg_rewrite AS rule ON rule.ev_class = to_regclass(format('%I.%I', :'ledger'::text, side.view))
    INNER JOIN pg_depend AS depend
        ON depend.classid = 'pg_rewrite'::regclass AND depend.objid = rule.oid
        AND depend.refclassid = 'pg_class'::regclass AND depend.refobjid <> rule.ev_class
    UNION
    SELECT side.relation, tgrelid
    FROM side
    INNER JOIN pg_trigger ON tgname LIKE side.prefix AND tgparentid = 0
    INNER JOIN pg_proc AS proc ON tgfoid = proc.oid AND proc.pronamespace = to_regnamespace(:'ledger')
)

SELECT DISTINCT held.relation, namespace.nspname::text AS now_schema, class.relname::text AS now_name
FROM held
INNER JOIN pg_class AS class ON held.oid = class.oid
INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
WHERE class.oid <> to_regclass(format('%I.%I', :'schema'::text, held.relation)) AND class.relname <> held.relation
UNION ALL
SELECT side.relation, NULL, NULL
FROM side
WHERE to_regclass(format('%I.%I', :'schema'::text, side.relation)) IS NOT NULL
    AND to_regprocedure(format('%I.sync_models()', :'ledger'::text)) IS NOT NULL
    AND to_regclass(format('%I.%I', :'ledger'::text, side.view)) IS NULL
ORDER BY relation, now_name
