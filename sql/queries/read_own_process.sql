-- Returns one row: the server process that answers this session, when its server was started, and where the server listens. Reads only.
-- It comes before everything else in a session and leaves no trace: a pooler may give the process to somebody else at once.
-- Qualified, because queries/set_session has not run yet.
SELECT
    pg_catalog.pg_backend_pid() AS pid,
    pg_catalog.pg_postmaster_start_time() AS server_started,
    pg_catalog.host(pg_catalog.inet_server_addr()) AS host,
    pg_catalog.current_setting('port') AS port
