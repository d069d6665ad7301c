-- Returns whether this session holds the lock of its run. Reads only.
SELECT count(*) > 0 AS held
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
