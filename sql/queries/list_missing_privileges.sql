-- Returns a row for each privilege the role lacks: what it is for, and the statement that gives it. Reads only.
-- To be in the role of an owner is enough to own, but nobody is put into a superuser's role: there the object changes hands.
-- A member that does not inherit has the role without its rights.
-- Row security is passed by a superuser, by BYPASSRLS and, unless it is forced, by the table's owner. The sync reads as the
-- role that made its functions, and foreign keys are checked as the owner of the table that they point to.
:head
WITH source AS (
    SELECT class.oid, class.relname::text AS name, class.relowner AS owner
    FROM pg_class AS class
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('subscription_tiers', 'model_access_control')
),

owned AS (
    SELECT namespace.nspname, class.relname AS name, class.relowner AS owner,
        format('TABLE %I.%I', namespace.nspname, class.relname) AS object
    FROM pg_class AS class
    INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
    WHERE class.relkind IN ('r', 'p', 'v') AND (
        namespace.nspname IN (:'ledger', :'build')
        OR (namespace.nspname = :'schema' AND class.relname IN (
            'model_access_control', 'tier_model_access', 'v_model_tier_access', 'v_tier_model_summary'
        ))
    )
    UNION ALL
    SELECT namespace.nspname, proc.proname, proc.proowner,
        format('FUNCTION %I.%I(%s)', namespace.nspname, proc.proname, pg_get_function_identity_arguments(proc.oid))
    FROM pg_proc AS proc
    INNER JOIN pg_namespace AS namespace ON proc.pronamespace = namespace.oid
    WHERE namespace.nspname IN (:'ledger', :'build')
        OR (namespace.nspname = :'schema' AND proc.proname IN (
            'get_models_for_tier', 'is_model_available_for_tier', 'touch_tier_model_access',
            'assign_models_to_tier', 'remove_model_from_tier', 'set_model_markup', 'set_model_tiers',
            'check_tier_write', 'raise_tier_error'
        ))
),

hidden AS (
    SELECT class.relname::text AS name, role.rolname
    FROM pg_class AS class
    CROSS JOIN pg_roles AS role
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('subscription_tiers', 'model_access_control', 'tier_model_access')
        AND class.relrowsecurity
        AND NOT role.rolsuper AND NOT role.rolbypassrls
        AND (class.relforcerowsecurity OR NOT pg_has_role(role.oid, class.relowner, 'USAGE'))
        AND (
            role.rolname = current_user
            OR role.oid IN (
                SELECT proc.proowner FROM pg_proc AS proc
                WHERE proc.pronamespace = to_regnamespace(quote_ident(:'ledger')) AND proc.prosecdef
            )
        )
)

SELECT 'own ' || owned.name AS privilege,
    CASE WHEN role.rolsuper THEN format('ALTER %s OWNER TO %I', owned.object, current_user)
        WHEN NOT pg_has_role(owned.owner, 'MEMBER') THEN format('GRANT %I TO %I', role.rolname, current_user)
        WHEN current_setting('server_version_num')::integer < 160000 THEN format('ALTER ROLE %I INHERIT', current_user)
        ELSE format('GRANT %I TO %I WITH INHERIT TRUE', role.rolname, current_user)
    END AS remedy
FROM owned
INNER JOIN pg_roles AS role ON owned.owner = role.oid
WHERE NOT pg_has_role(owned.owner, 'USAGE')
UNION ALL
SELECT needed.privilege || ' on ' || name,
    format('GRANT %s ON %I.%I TO %I', needed.privilege, :'schema', name, current_user)
FROM source
CROSS JOIN (VALUES ('SELECT'), ('REFERENCES'), ('TRIGGER')) AS needed (privilege)
WHERE NOT has_table_privilege(oid, needed.privilege)
UNION ALL
SELECT format('SELECT of every row of %s as %s (row security hides some)', name, rolname),
    format('ALTER ROLE %I BYPASSRLS', rolname)
FROM hidden
UNION ALL
SELECT needed.privilege || ' on schema ' || nspname,
    format('GRANT %s ON SCHEMA %I TO %I', needed.privilege, nspname, current_user)
FROM pg_namespace
CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS needed (privilege)
WHERE nspname IN (:'schema', :'ledger', :'build')
    AND NOT has_schema_privilege(oid, needed.privilege)
UNION ALL
SELECT DISTINCT format('the checks of foreign keys as %s (USAGE on schema %s)', role.rolname, :'schema'),
    format('GRANT USAGE ON SCHEMA %I TO %I', :'schema', role.rolname)
FROM source
INNER JOIN pg_roles AS role ON source.owner = role.oid
WHERE NOT has_schema_privilege(role.oid, to_regnamespace(quote_ident(:'schema'))::oid, 'USAGE') AND role.rolname <> current_user
UNION ALL
SELECT 'CREATE on database ' || current_database(),
    format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'CREATE')
    AND (to_regnamespace(quote_ident(:'ledger')) IS NULL OR to_regnamespace(quote_ident(:'build')) IS NULL)
UNION ALL
SELECT 'TEMPORARY on database ' || current_database(),
    format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
