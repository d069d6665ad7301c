-- Returns a row for each privilege that a command of tierflow may need: its name, the statement that gives it to a role, whether the role has it, whether its object exists yet, and whether it comes with being in the role of the models' owner. Reads only.
-- To be in the role of an owner is enough to own, but nobody is put into a superuser's role: there the object changes hands.
-- A member that does not inherit has the role without its rights.
-- Row security is passed by a superuser, by BYPASSRLS and, unless it is forced, by the table's owner.
WITH asked AS (
    SELECT role.oid, role.rolname AS name, role.rolsuper OR role.rolbypassrls AS sees_all
    FROM pg_roles AS role
    WHERE role.rolname = :'role'
),

relation AS (
    SELECT wanted.name, class.oid, class.relowner AS owner, class.relrowsecurity AS secured, class.relforcerowsecurity AS forced
    FROM (VALUES
        ('model_access_control'), ('subscription_tiers'), ('tier_model_access'), ('v_model_tier_access'),
        ('v_tier_model_summary')
    ) AS wanted (name)
    LEFT JOIN pg_class AS class
        ON class.relname = wanted.name AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
),

owner AS (
    SELECT role.oid, role.rolname AS name, role.rolsuper AS super,
        CASE WHEN NOT role.rolsuper THEN role.oid END AS giver
    FROM relation
    INNER JOIN pg_roles AS role ON relation.owner = role.oid
    WHERE relation.name = 'model_access_control'
),

ledger AS (
    SELECT to_regnamespace(quote_ident(:'ledger'))::oid AS oid
),

rule AS (
    SELECT array_agg(proc.oid) AS oids,
        string_agg(format('%I.%I', :'ledger', wanted.name), ', ' ORDER BY wanted.name) AS names
    FROM (VALUES ('access_items'), ('held_json'), ('implied_grants'), ('implied_grants_of_pairs'), ('markup_number'), ('markup_object'), ('sync_rewrite'), ('usable_markup')) AS wanted (name)
    CROSS JOIN ledger
    LEFT JOIN pg_proc AS proc ON proc.proname = wanted.name AND proc.pronamespace = ledger.oid
),

need (place, name, statement, held, there, with_owner) AS (
    SELECT needed.place, needed.privilege || ' on the database',
        format('GRANT %s ON DATABASE %I TO %I', needed.privilege, current_database(), asked.name),
        has_database_privilege(asked.oid, current_database(), needed.privilege), true,
        has_database_privilege(owner.giver, current_database(), needed.privilege)
    FROM asked
    CROSS JOIN owner
    CROSS JOIN (VALUES (1, 'CONNECT'), (7, 'CREATE'), (7, 'TEMPORARY')) AS needed (place, privilege)
    UNION ALL
    SELECT needed.place, needed.privilege || ' on the schema',
        format('GRANT %s ON SCHEMA %I TO %I', needed.privilege, :'schema', asked.name),
        has_schema_privilege(asked.oid, :'schema', needed.privilege), true,
        has_schema_privilege(owner.giver, :'schema', needed.privilege)
    FROM asked
    CROSS JOIN owner
    CROSS JOIN (VALUES (2, 'USAGE'), (6, 'CREATE')) AS needed (place, privilege)
    UNION ALL
    SELECT needed.place, needed.privilege || ' on ' || relation.name,
        format('GRANT %s ON %I.%I TO %I', needed.privilege, :'schema', relation.name, asked.name),
        has_table_privilege(asked.oid, relation.oid, needed.privilege), relation.oid IS NOT NULL,
        has_table_privilege(owner.giver, relation.oid, needed.privilege)
    FROM asked
    CROSS JOIN owner
    CROSS JOIN relation
    CROSS JOIN (VALUES (3, 'SELECT'), (4, 'UPDATE'), (4, 'REFERENCES'), (4, 'TRIGGER')) AS needed (place, privilege)
    UNION ALL
    SELECT 5, 'the role that owns model_access_control',
        CASE WHEN owner.super THEN format('ALTER TABLE %I.model_access_control OWNER TO %I', :'schema', asked.name)
            WHEN pg_has_role(asked.oid, owner.oid, 'USAGE') OR NOT pg_has_role(asked.oid, owner.oid, 'MEMBER')
                THEN format('GRANT %I TO %I', owner.name, asked.name)
            WHEN current_setting('server_version_num')::integer < 160000 THEN format('ALTER ROLE %I INHERIT', asked.name)
            ELSE format('GRANT %I TO %I WITH INHERIT TRUE', owner.name, asked.name)
        END,
        pg_has_role(asked.oid, owner.oid, 'USAGE'), true, false
    FROM asked
    CROSS JOIN owner
    UNION ALL
    SELECT 5, 'every row of ' || relation.name, format('ALTER ROLE %I BYPASSRLS', asked.name),
        asked.sees_all OR (NOT relation.forced AND pg_has_role(asked.oid, relation.owner, 'USAGE')), true,
        NOT relation.forced AND (pg_has_role(owner.giver, relation.owner, 'USAGE') OR relation.name = 'tier_model_access')
    FROM asked
    CROSS JOIN owner
    CROSS JOIN relation
    WHERE relation.secured
    UNION ALL
    SELECT 2, 'USAGE on the schema for the owners of both tables',
        format('GRANT USAGE ON SCHEMA %I TO %s', :'schema', string_agg(DISTINCT quote_ident(role.rolname), ', ')),
        bool_and(has_schema_privilege(role.oid, to_regnamespace(quote_ident(:'schema'))::oid, 'USAGE')), true, false
    FROM relation
    INNER JOIN pg_roles AS role ON relation.owner = role.oid
    WHERE relation.name IN ('model_access_control', 'subscription_tiers') AND NOT role.rolsuper
    HAVING count(*) > 0
    UNION ALL
    SELECT 8, 'USAGE on the ledger', format('GRANT USAGE ON SCHEMA %I TO %I', :'ledger', asked.name),
        has_schema_privilege(asked.oid, ledger.oid, 'USAGE'), ledger.oid IS NOT NULL, false
    FROM asked
    CROSS JOIN ledger
    UNION ALL
    SELECT 9, 'SELECT on the ledger', format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', :'ledger', asked.name),
        (
            SELECT bool_and(has_table_privilege(asked.oid, class.oid, 'SELECT'))
            FROM pg_class AS class
            WHERE class.relnamespace = ledger.oid AND class.relkind IN ('r', 'v')
        ),
        ledger.oid IS NOT NULL, false
    FROM asked
    CROSS JOIN ledger
    UNION ALL
    SELECT 10, 'EXECUTE on the rules of the ledger', format('GRANT EXECUTE ON FUNCTION %s TO %I', rule.names, asked.name),
        (SELECT bool_and(has_function_privilege(asked.oid, called.oid, 'EXECUTE')) FROM unnest(rule.oids) AS called (oid)),
        array_position(rule.oids, NULL) IS NULL, false
    FROM asked
    CROSS JOIN rule
    UNION ALL
    SELECT 11, 'EXECUTE on ' || wanted.name,
        format('GRANT EXECUTE ON FUNCTION %I.%I TO %I', :'schema', wanted.name, asked.name),
        has_function_privilege(asked.oid, proc.oid, 'EXECUTE'), proc.oid IS NOT NULL, false
    FROM asked
    CROSS JOIN (VALUES ('get_models_for_tier'), ('is_model_available_for_tier')) AS wanted (name)
    LEFT JOIN pg_proc AS proc
        ON proc.proname = wanted.name AND proc.pronamespace = to_regnamespace(quote_ident(:'schema'))
    UNION ALL
    SELECT 12, 'the role that owns what was published', format('GRANT %I TO %I', role.rolname, asked.name),
        pg_has_role(asked.oid, role.oid, 'USAGE'), true, false
    FROM asked
    CROSS JOIN relation
    INNER JOIN pg_roles AS role ON relation.owner = role.oid
    WHERE relation.name = 'tier_model_access' AND NOT role.rolsuper
)

SELECT name, statement, coalesce(held, false) AS held, there, coalesce(with_owner, false) AS with_owner
FROM need
ORDER BY place, name
