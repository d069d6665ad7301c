-- Returns whether the session that took the mark is on this very database. Reads only.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid::bigint = :'mark_high' AND objid::bigint = :'mark_low'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS same_database
