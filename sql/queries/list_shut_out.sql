-- Returns a row for each object that is published in place of the old columns and each role that can use them and not it: the role, whether it writes, the object, what is lacking, the statement that gives it, whether the object exists. Reads only.
-- What is not published yet is judged by the privileges that it would be created with: the defaults of the role that asks.
-- A grantee is named while somebody who may log in has the old columns by it, inherited or after SET ROLE, and lacks the new object.
WITH old AS (
    SELECT class.oid, class.relowner AS owner, class.relacl AS acl, class.relnamespace AS namespace, class.relrowsecurity AS secured
    FROM pg_class AS class
    WHERE class.relname = 'model_access_control' AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
),

used AS (
    SELECT entry.grantee, bool_or(entry.privilege_type = 'UPDATE') AS writes
    FROM old
    CROSS JOIN LATERAL (
        SELECT coalesce(old.acl, acldefault('r', old.owner)) AS acl
        UNION ALL
        SELECT attribute.attacl
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = old.oid AND attribute.attname IN ('tier_access', 'tier_markup') AND attribute.attacl IS NOT NULL
    ) AS listed
    CROSS JOIN LATERAL aclexplode(listed.acl) AS entry
    LEFT JOIN pg_roles AS role ON entry.grantee = role.oid
    WHERE entry.privilege_type IN ('SELECT', 'UPDATE') AND role.rolsuper IS NOT TRUE
    GROUP BY entry.grantee
),

wanted (kind, name, privilege, writing) AS (
    VALUES ('r', 'tier_model_access', 'SELECT', false), ('r', 'tier_model_access', 'INSERT', true), ('r', 'tier_model_access', 'UPDATE', true),
    ('r', 'tier_model_access', 'DELETE', true), ('S', 'tier_model_access_id_seq', 'USAGE', true),
    ('r', 'v_model_tier_access', 'SELECT', false), ('r', 'v_tier_model_summary', 'SELECT', false), ('r', 'subscription_tiers', 'SELECT', false),
    ('f', 'get_models_for_tier', 'EXECUTE', false), ('f', 'is_model_available_for_tier', 'EXECUTE', false),
    ('f', 'assign_models_to_tier', 'EXECUTE', true), ('f', 'remove_model_from_tier', 'EXECUTE', true),
    ('f', 'set_model_markup', 'EXECUTE', true), ('f', 'set_model_tiers', 'EXECUTE', true),
    ('f', 'check_tier_write', 'EXECUTE', true), ('f', 'raise_tier_error', 'EXECUTE', true)
),

object AS (
    SELECT wanted.*, coalesce(class.oid, proc.oid) AS oid,
        CASE
            WHEN class.oid IS NOT NULL THEN
                coalesce(class.relacl, acldefault(lower(wanted.kind)::"char", class.relowner))
                || ARRAY(
                    SELECT unnest(attribute.attacl) FROM pg_attribute AS attribute
                    WHERE attribute.attrelid = class.oid AND attribute.attacl IS NOT NULL
                )
            WHEN proc.oid IS NOT NULL THEN coalesce(proc.proacl, acldefault('f', proc.proowner))
            ELSE
                coalesce(
                    (
                        SELECT everywhere.defaclacl FROM pg_default_acl AS everywhere
                        WHERE everywhere.defaclrole = asks.oid AND everywhere.defaclnamespace = 0
                            AND everywhere.defaclobjtype = wanted.kind::"char"
                    ),
                    acldefault(lower(wanted.kind)::"char", asks.oid)
                ) || coalesce(
                    (
                        SELECT here.defaclacl FROM pg_default_acl AS here
                        WHERE here.defaclrole = asks.oid AND here.defaclnamespace = old.namespace
                            AND here.defaclobjtype = wanted.kind::"char"
                    ),
                    '{}'
                )
        END AS acl
    FROM wanted
    CROSS JOIN old
    INNER JOIN pg_roles AS asks ON asks.rolname = current_user
    LEFT JOIN pg_class AS class ON wanted.kind <> 'f' AND class.relname = wanted.name AND class.relnamespace = old.namespace
    LEFT JOIN pg_proc AS proc ON wanted.kind = 'f' AND proc.proname = wanted.name AND proc.pronamespace = old.namespace
),

secured AS (
    SELECT class.oid, class.relowner AS owner, class.relforcerowsecurity AS forced
    FROM pg_class AS class
    INNER JOIN old ON class.relnamespace = old.namespace
    WHERE class.relname = 'tier_model_access' AND class.relrowsecurity
),

-- need: what has to be held; given: by whom it is
need AS (
    SELECT object.kind, object.name, object.privilege, object.writing, object.oid IS NOT NULL AS there
    FROM object
    UNION ALL
    SELECT 'p', 'tier_model_access', command.privilege, command.privilege <> 'SELECT', true
    FROM secured
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS command (privilege)
),

given AS (
    SELECT object.kind, object.name, object.privilege, entry.grantee
    FROM object
    CROSS JOIN LATERAL aclexplode(object.acl) AS entry
    WHERE entry.privilege_type = object.privilege OR (object.kind = 'S' AND entry.privilege_type = 'UPDATE')
    UNION
    SELECT object.kind, object.name, object.privilege,
        CASE object.privilege WHEN 'SELECT' THEN 'pg_read_all_data' ELSE 'pg_write_all_data' END::regrole::oid
    FROM object
    WHERE object.kind <> 'f'
    UNION
    SELECT need.kind, need.name, need.privilege, passed.grantee
    FROM need
    CROSS JOIN secured
    CROSS JOIN LATERAL (
        SELECT unnest(policy.polroles) AS grantee
        FROM pg_policy AS policy
        WHERE policy.polrelid = secured.oid AND policy.polpermissive
            AND policy.polcmd IN ('*', CASE need.privilege WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' THEN 'w' ELSE 'd' END)
        UNION
        SELECT secured.owner WHERE NOT secured.forced
    ) AS passed
    WHERE need.kind = 'p'
),

person AS (
    SELECT role.oid FROM pg_roles AS role
    WHERE role.rolcanlogin AND NOT role.rolsuper AND has_database_privilege(role.oid, current_database(), 'CONNECT')
),

served AS (
    SELECT role.oid, given.kind, given.name, given.privilege
    FROM (SELECT person.oid FROM person UNION SELECT used.grantee FROM used) AS role
    CROSS JOIN (SELECT DISTINCT given.grantee FROM given) AS holder
    INNER JOIN given ON holder.grantee = given.grantee
    WHERE holder.grantee = 0 OR (role.oid <> 0 AND pg_has_role(role.oid, holder.grantee, 'USAGE'))
    UNION
    SELECT role.oid, need.kind, need.name, need.privilege
    FROM need
    INNER JOIN pg_roles AS role ON need.kind = 'p' AND role.rolbypassrls
),

lacking AS (
    SELECT used.grantee, used.writes, need.kind, need.name, need.there,
        string_agg(need.privilege, ', ' ORDER BY array_position(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'], need.privilege)) AS privileges,
        bool_or(need.writing) AS writing
    FROM used
    CROSS JOIN old
    INNER JOIN need ON used.writes OR NOT need.writing
    WHERE NOT EXISTS (
        SELECT FROM served
        WHERE served.oid = used.grantee AND served.kind = need.kind AND served.name = need.name AND served.privilege = need.privilege
    )
        AND EXISTS (
            SELECT FROM person
            WHERE (used.grantee = 0 OR pg_has_role(person.oid, used.grantee, 'MEMBER'))
                AND (
                    has_schema_privilege(person.oid, old.namespace, 'USAGE')
                    OR (used.grantee <> 0 AND has_schema_privilege(used.grantee, old.namespace, 'USAGE'))
                )
                AND NOT EXISTS (
                    SELECT FROM served
                    WHERE served.oid = person.oid AND served.kind = need.kind AND served.name = need.name
                        AND served.privilege = need.privilege
                )
        )
        AND (
            need.kind <> 'p' OR NOT old.secured OR EXISTS (
                SELECT FROM pg_policy AS policy
                CROSS JOIN LATERAL unnest(policy.polroles) AS allowed (oid)
                WHERE policy.polrelid = old.oid AND policy.polpermissive
                    AND (allowed.oid = 0 OR (used.grantee <> 0 AND pg_has_role(used.grantee, allowed.oid, 'USAGE')))
            )
        )
    GROUP BY used.grantee, used.writes, need.kind, need.name, need.there
)

SELECT coalesce(role.rolname::text, 'PUBLIC') AS role, lacking.writes, lacking.name AS object, lacking.there,
    CASE lacking.kind WHEN 'p' THEN 'a policy' ELSE lacking.privileges END AS lacks,
    CASE lacking.kind
        WHEN 'p' THEN format(
            'CREATE POLICY %I ON %I.tier_model_access FOR %s TO %s USING (%s)',
            left('use_by_' || coalesce(role.rolname::text, 'public'), 63), :'schema', CASE WHEN lacking.writing THEN 'ALL' ELSE 'SELECT' END,
            to_whom.said,
            CASE WHEN old.secured THEN format('EXISTS (SELECT FROM %I.model_access_control AS model WHERE model.id = tier_model_access.model_id)', :'schema')
                ELSE 'true'
            END
        )
        ELSE format(
            'GRANT %s ON %s%I.%I TO %s', lacking.privileges,
            CASE lacking.kind WHEN 'S' THEN 'SEQUENCE ' WHEN 'f' THEN 'FUNCTION ' ELSE '' END, :'schema', lacking.name, to_whom.said
        )
    END AS statement
FROM lacking
CROSS JOIN old
LEFT JOIN pg_roles AS role ON lacking.grantee = role.oid
CROSS JOIN LATERAL (SELECT coalesce(quote_ident(role.rolname), 'PUBLIC') AS said) AS to_whom
ORDER BY 1, array_position(ARRAY['r', 'S', 'f', 'p'], lacking.kind), 3
