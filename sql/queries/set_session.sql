-- Makes the session see only qualified names and wait little for locks, and says so by a row; sets nothing where another server process answers than the one that is its own. Locks nothing.
-- Qualified itself: until it has run, a function in a schema of the role's own search_path could stand before one of the catalogue.
-- lock_timeout: who asks for a lock that others hold keeps all waiting who ask after him.
-- jit off: compiling our checks took 35 s of the 40 s of a migration of 6 models on PostgreSQL 15.
-- datestyle ISO: the driver reads no time in another style.
-- quote_all_identifiers off: the shapes of our objects are compared as the catalogue writes them.
-- row_security off: a policy that hides rows from this role is an error, not a source with fewer models.
-- The limits that a role or database may carry for its application do not end a long load (as in pg_dump);
-- transaction_timeout is new in PostgreSQL 17.
-- application_name, client_encoding: here, and not asked for by the connection, so that no pooler sets them before we know whose process it is.
SELECT
    pg_catalog.set_config('application_name', :'application_name', false),
    pg_catalog.set_config('client_encoding', 'UTF8', false),
    pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
    pg_catalog.set_config('jit', 'off', false),
    pg_catalog.set_config('row_security', 'off', false),
    pg_catalog.set_config('quote_all_identifiers', 'off', false),
    pg_catalog.set_config('datestyle', 'ISO', false),
    pg_catalog.set_config('lock_timeout', '500ms', false),
    pg_catalog.set_config('statement_timeout', '0', false),
    pg_catalog.set_config('idle_session_timeout', '0', false),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '10min', false),
    CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL
        THEN pg_catalog.set_config('transaction_timeout', '0', false)
    END AS transaction_timeout
WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) :'own_process'::integer
