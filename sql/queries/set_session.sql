-- Makes the session see only qualified names and wait little for locks. Locks nothing.
-- jit off: compiling our checks took 35 s of the 40 s of a migration of 6 models on PostgreSQL 15.
SELECT
    set_config('search_path', 'pg_catalog, pg_temp', false),
    set_config('jit', 'off', false),
    set_config('lock_timeout', '5s', false),
    set_config('idle_in_transaction_session_timeout', '10min', false)
