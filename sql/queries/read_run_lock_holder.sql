-- Returns the session that holds the lock of the running run. Reads only.
SELECT activity.pid, activity.application_name, activity.usename::text AS role,
    activity.backend_start AS since
FROM pg_locks AS lock
INNER JOIN pg_stat_activity AS activity ON lock.pid = activity.pid
WHERE lock.locktype = 'advisory' AND lock.granted
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid::bigint = (hashtext('tierflow')::bigint & 4294967295)
    AND lock.objid::bigint = 0
