-- Returns a row for each privilege the role lacks: what it is for, and the statement that gives it. Reads only.
WITH source AS (
    SELECT class.oid, class.relname::text AS name, class.relowner
    FROM pg_class AS class
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('subscription_tiers', 'model_access_control')
)

SELECT 'own ' || name AS privilege,
    format('GRANT %I TO %I', pg_get_userbyid(relowner), current_user) AS remedy
FROM source
WHERE name = 'model_access_control' AND NOT pg_has_role(relowner, 'USAGE')
UNION ALL
SELECT needed.privilege || ' on ' || name,
    format('GRANT %s ON %I.%I TO %I', needed.privilege, :'schema', name, current_user)
FROM source
CROSS JOIN (VALUES ('SELECT'), ('REFERENCES')) AS needed (privilege)
WHERE NOT has_table_privilege(oid, needed.privilege)
UNION ALL
SELECT needed.privilege || ' on schema ' || nspname,
    format('GRANT %s ON SCHEMA %I TO %I', needed.privilege, nspname, current_user)
FROM pg_namespace
CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS needed (privilege)
WHERE nspname IN (:'schema', :'ledger', :'build')
    AND NOT has_schema_privilege(oid, needed.privilege)
UNION ALL
SELECT 'CREATE on database ' || current_database(),
    format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'CREATE')
    AND (to_regnamespace(quote_ident(:'ledger')) IS NULL OR to_regnamespace(quote_ident(:'build')) IS NULL)
