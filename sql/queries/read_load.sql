-- Returns one row: the standby that is furthest behind, and the oldest transaction that is not ours, a prepared one too (NULL: none, or not shown to this role). Reads only.
SELECT
    standby.name AS standby,
    standby.lag AS replication_lag,
    oldest.said AS oldest,
    oldest.age AS transaction_age
FROM (VALUES (1)) AS one (row)
LEFT JOIN (
    -- replay_lag keeps its last value when the standby has caught up and nothing more is written
    SELECT application_name::text AS name, extract(EPOCH FROM replay_lag)::double precision AS lag
    FROM pg_stat_replication
    WHERE replay_lag IS NOT NULL AND replay_lsn < pg_current_wal_lsn()
    ORDER BY replay_lag DESC LIMIT 1
) AS standby ON true
LEFT JOIN (
    SELECT told.said, extract(EPOCH FROM clock_timestamp() - told.begun)::double precision AS age
    FROM (
        SELECT format('session %s has a transaction open', pid) AS said, xact_start AS begun
        FROM pg_stat_activity
        WHERE xact_start IS NOT NULL AND backend_type = 'client backend'
            AND datname = current_database() AND application_name NOT LIKE 'tierflow: %'
        UNION ALL
        SELECT format('prepared transaction %L of %s is not ended', gid, owner), prepared
        FROM pg_prepared_xacts
        WHERE database = current_database()
    ) AS told
    ORDER BY told.begun LIMIT 1
) AS oldest ON true
