-- Returns the constraints and constraint triggers of the models and of the junction table that are checked at the commit only: table and name. Reads only.
SELECT class.relname::text AS relation, con.conname::text AS name
FROM pg_constraint AS con
INNER JOIN pg_class AS class ON con.conrelid = class.oid
WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('model_access_control', 'tier_model_access')
    AND con.contype IN ('t', 'u', 'x') AND con.condeferred
ORDER BY 1, 2
