-- Creates, for this transaction, the table of the statements that give the published views and get_models_for_tier the privileges which others have on them now. Locks nothing.
CREATE TEMPORARY TABLE layer_grant ON COMMIT DROP AS
WITH shown AS (
    SELECT class.oid, class.relowner, class.relacl
    FROM pg_class AS class
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('v_model_tier_access', 'v_tier_model_summary')
),

called AS (
    SELECT proc.oid, proc.proowner, proc.proacl
    FROM pg_proc AS proc
    WHERE proc.oid = to_regprocedure(format('%I.get_models_for_tier(varchar)', :'schema'::text)) AND proc.proacl IS NOT NULL
),

given AS (
    SELECT acl.*, shown.relowner AS owner, format('%s ON TABLE %s', acl.privilege_type, shown.oid::regclass) AS what
    FROM shown
    CROSS JOIN LATERAL aclexplode(shown.relacl) AS acl
    UNION ALL
    SELECT acl.*, shown.relowner, format('%s (%I) ON TABLE %s', acl.privilege_type, attribute.attname, shown.oid::regclass)
    FROM shown
    INNER JOIN pg_attribute AS attribute ON attribute.attrelid = shown.oid
    CROSS JOIN LATERAL aclexplode(attribute.attacl) AS acl
    UNION ALL
    SELECT acl.*, called.proowner, format('EXECUTE ON FUNCTION %s', called.oid::regprocedure)
    FROM called
    CROSS JOIN LATERAL aclexplode(called.proacl) AS acl
)

SELECT 1 AS turn, format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', called.oid::regprocedure) AS statement
FROM called
UNION ALL
SELECT 2, format('GRANT %s TO %s%s',
    given.what,
    CASE WHEN given.grantee = 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END,
    CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
)
FROM given
WHERE given.grantee <> given.owner
