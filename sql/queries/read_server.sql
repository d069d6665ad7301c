-- Returns one row: the server, the role and whether they can write. Reads only.
SELECT
    current_setting('server_version_num')::integer AS server_version_num,
    current_setting('server_version') AS server_version,
    current_database()::text AS database,
    current_user::text AS role,
    pg_is_in_recovery() AS in_recovery,
    current_setting('default_transaction_read_only')::boolean AS read_only,
    pg_size_pretty(pg_database_size(current_database())) AS database_size
