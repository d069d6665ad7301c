-- Returns each transaction that holds a lock on a source table, the oldest first; with :alone FALSE only locks that keep out who keeps out writers. Reads only.
SELECT
    lock.pid,
    coalesce(activity.usename::text, activity.backend_type, 'prepared transaction ' || prepared.gid) AS role,
    activity.application_name,
    activity.state,
    extract(EPOCH FROM clock_timestamp() - coalesce(activity.xact_start, prepared.prepared))::double precision AS seconds,
    left(regexp_replace(activity.query, '\s+', ' ', 'g'), 160) AS query,
    string_agg(DISTINCT lock.mode, ', ') AS modes,
    string_agg(DISTINCT class.relname, ', ') AS tables
FROM pg_locks AS lock
INNER JOIN pg_class AS class ON lock.relation = class.oid
LEFT JOIN pg_stat_activity AS activity ON lock.pid = activity.pid
LEFT JOIN pg_prepared_xacts AS prepared
    ON lock.pid IS NULL AND prepared.transaction::text = split_part(lock.virtualtransaction, '/', 2)
WHERE lock.locktype = 'relation' AND lock.granted
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    AND class.relname IN ('model_access_control', 'subscription_tiers')
    AND lock.pid IS DISTINCT FROM pg_backend_pid()
    AND (:'alone' OR lock.mode NOT IN ('AccessShareLock', 'RowShareLock'))
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 5 DESC NULLS LAST
LIMIT 5
