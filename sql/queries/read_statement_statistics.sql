-- Returns one row: the schema of the extension pg_stat_statements (NULL: it is not there), whether the server loads it, and whether this role may read what others sent. Reads only.
SELECT
    (
        SELECT namespace.nspname::text FROM pg_extension AS extension
        INNER JOIN pg_namespace AS namespace ON extension.extnamespace = namespace.oid
        WHERE extension.extname = 'pg_stat_statements'
    ) AS schema,
    current_setting('pg_stat_statements.max', true) IS NOT NULL AS loaded,
    pg_has_role('pg_read_all_stats', 'USAGE') AS may_read
