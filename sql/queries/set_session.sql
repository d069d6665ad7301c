-- Makes the session see only qualified names, wait little for locks and say which program it is. Locks nothing.
SELECT
    set_config('search_path', 'pg_catalog, pg_temp', false),
    set_config('lock_timeout', '5s', false),
    set_config('idle_in_transaction_session_timeout', '10min', false)
