-- Returns each session that holds a lock of a running run, but for this one. Reads only.
SELECT DISTINCT activity.pid, activity.application_name, activity.usename::text AS role,
    activity.backend_start AS since
FROM pg_locks AS lock
INNER JOIN pg_stat_activity AS activity ON lock.pid = activity.pid
WHERE lock.locktype = 'advisory' AND lock.granted
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid::bigint = (hashtext('tierflow')::bigint & 4294967295)
    AND lock.objid::bigint IN (0, hashtext(:'schema')::bigint & 4294967295)
    AND lock.pid <> pg_backend_pid()
