-- Makes this transaction see only qualified names and wait little for locks; notes the schema for the blocks that psql cannot fill in. Locks nothing.
SELECT
    set_config('search_path', 'pg_catalog, pg_temp', true),
    set_config('jit', 'off', true),
    set_config('lock_timeout', '5s', true),
    set_config('client_min_messages', 'warning', true),
    set_config('tierflow.schema', :'schema', true),
    set_config('tierflow.ledger', :'ledger', true)
