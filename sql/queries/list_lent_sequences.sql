-- Returns the sequence that gives the junction table its ids while another table owns it, which would take it along when it is dropped, and that table's column. Reads only.
SELECT class.relname::text AS sequence, namespace.nspname::text AS lender_schema, lender.relname::text AS lender, attribute.attname::text AS "column"
FROM pg_attrdef AS given
INNER JOIN pg_depend AS used
    ON used.classid = 'pg_attrdef'::regclass AND used.objid = given.oid AND used.refclassid = 'pg_class'::regclass
INNER JOIN pg_class AS class ON used.refobjid = class.oid
INNER JOIN pg_depend AS owned
    ON owned.classid = 'pg_class'::regclass AND owned.objid = class.oid AND owned.deptype = 'a'
INNER JOIN pg_class AS lender ON owned.refobjid = lender.oid
INNER JOIN pg_namespace AS namespace ON lender.relnamespace = namespace.oid
INNER JOIN pg_attribute AS attribute ON attribute.attrelid = lender.oid AND attribute.attnum = owned.refobjsubid
WHERE given.adrelid = to_regclass(format('%I.tier_model_access', :'schema'::text))
    AND class.relkind = 'S' AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND lender.oid <> given.adrelid
