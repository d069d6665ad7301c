-- Returns who holds the lock of a running run, in words, and what frees it: sessions but this one, and prepared transactions. Reads only.
:head
SELECT DISTINCT
    CASE
        WHEN prepared.gid IS NULL THEN format(
            'session %s of %s, since %s', activity.pid, activity.usename, to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS')
        )
        ELSE format(
            'prepared transaction %L of %s, since %s', prepared.gid, prepared.owner, to_char(prepared.prepared, 'YYYY-MM-DD HH24:MI:SS')
        )
    END AS said,
    CASE
        WHEN prepared.gid IS NULL THEN 'wait for it to end'
        ELSE format('ROLLBACK PREPARED %L, as %s or a superuser in database %s', prepared.gid, prepared.owner, prepared.database)
    END AS remedy
FROM pg_locks AS lock
LEFT JOIN pg_stat_activity AS activity ON lock.pid = activity.pid
LEFT JOIN pg_locks AS own
    ON lock.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = lock.virtualtransaction
LEFT JOIN pg_prepared_xacts AS prepared ON own.transactionid = prepared.transaction
WHERE lock.locktype = 'advisory' AND lock.granted
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid::bigint = (hashtext('tierflow')::bigint & 4294967295)
    AND lock.objid::bigint IN (0, hashtext(:'schema')::bigint & 4294967295)
    AND lock.pid IS DISTINCT FROM pg_backend_pid()
    AND (activity.pid IS NOT NULL OR prepared.gid IS NOT NULL)
