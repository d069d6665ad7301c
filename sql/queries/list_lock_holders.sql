-- Returns who holds a lock on the two sides, in words, and what frees it, the oldest first: sessions, and prepared transactions, which no session holds; with :alone FALSE only locks that keep out who keeps out writers. Reads only.
-- A prepared transaction has the virtual transaction of the session that prepared it, and after a restart of the server one
-- of its own; in both cases it is the lock on its own number that tells whose a lock is.
:head
SELECT
    CASE
        WHEN prepared.gid IS NOT NULL THEN format(
            'prepared transaction %L of %s in database %s, which no session holds, has %s on %s since %s',
            prepared.gid, prepared.owner, prepared.database, lock.modes, lock.tables, to_char(prepared.prepared, 'YYYY-MM-DD HH24:MI:SS')
        )
        ELSE format(
            '%s holds %s on %s%s%s%s',
            format('session %s of %s', lock.pid, coalesce(activity.usename::text, activity.backend_type)),
            lock.modes, lock.tables,
            ' for ' || round(extract(EPOCH FROM clock_timestamp() - activity.xact_start)::numeric, 1) || ' s',
            ', ' || activity.state,
            ': ' || nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 160), '')
        )
    END AS said,
    CASE
        WHEN prepared.gid IS NOT NULL THEN format(
            'ROLLBACK PREPARED %L (or COMMIT PREPARED), as %s or a superuser in database %s, if its transaction manager does not end it',
            prepared.gid, prepared.owner, prepared.database
        )
        ELSE 'let that session end its transaction'
    END AS remedy,
    prepared.gid IS NOT NULL AS is_prepared
FROM (
    SELECT held.pid, held.virtualtransaction, string_agg(DISTINCT held.mode, ', ') AS modes, string_agg(DISTINCT class.relname, ', ') AS tables
    FROM pg_locks AS held
    INNER JOIN pg_class AS class ON held.relation = class.oid
    WHERE held.locktype = 'relation' AND held.granted
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('model_access_control', 'subscription_tiers', 'tier_model_access')
        AND held.pid IS DISTINCT FROM pg_backend_pid()
        AND (:'alone' OR held.mode NOT IN ('AccessShareLock', 'RowShareLock'))
    GROUP BY held.pid, held.virtualtransaction
) AS lock
LEFT JOIN pg_stat_activity AS activity ON lock.pid = activity.pid
LEFT JOIN pg_locks AS own
    ON lock.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = lock.virtualtransaction
LEFT JOIN pg_prepared_xacts AS prepared ON own.transactionid = prepared.transaction
WHERE lock.pid IS NOT NULL OR prepared.gid IS NOT NULL
ORDER BY coalesce(activity.xact_start, prepared.prepared)
LIMIT 5
