-- Makes this transaction see only qualified names and wait little for locks; notes the schema for the blocks that psql cannot fill in. Locks nothing.
SELECT
    pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
    pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('lock_timeout', '5s', true),
    pg_catalog.set_config('client_min_messages', 'warning', true),
    pg_catalog.set_config('tierflow.schema', :'schema', true),
    pg_catalog.set_config('tierflow.ledger', :'ledger', true)
