-- Returns the tables that stand in the schema, and whether a rehearsal marked this database as its own. Reads only.
SELECT
    EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tierflow_rehearsal') AS marked,
    ARRAY(
        SELECT class.relname::text FROM pg_class AS class
        WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema')) AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
        ORDER BY 1
    ) AS relations
