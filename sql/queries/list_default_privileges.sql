-- Returns a GRANT for each privilege that the junction table and its sequence would have had by default, had they been created in the application's schema. Reads only.
-- The defaults for every schema were given when the build was created; those of one schema only add to them.
SELECT format(
    'GRANT %s ON %s%I.%I TO %s%s', string_agg(entry.privilege_type, ', '), CASE class.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END,
    :'build', class.relname, coalesce(quote_ident(role.rolname), 'PUBLIC'), CASE WHEN entry.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
) AS statement
FROM pg_class AS class
INNER JOIN pg_default_acl AS preset
    ON class.relowner = preset.defaclrole AND preset.defaclobjtype = class.relkind
        AND preset.defaclnamespace = to_regnamespace(quote_ident(:'schema'))
CROSS JOIN LATERAL aclexplode(preset.defaclacl) AS entry
LEFT JOIN pg_roles AS role ON entry.grantee = role.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'build')) AND class.relkind IN ('r', 'S')
GROUP BY class.relkind, class.relname, role.rolname, entry.is_grantable
ORDER BY 1
