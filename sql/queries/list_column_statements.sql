-- Returns the statements that pg_stat_statements has seen in this database since its last reset and that name the old columns, the most frequent first; ours carry a mark. Reads only.
-- pg_dump is no user of theirs: it reads whatever columns there are. Its COPY has each in order, those that came since the dump aside.
WITH dumped AS (
    SELECT 'COPY ' || namespace.nspname || '.' || class.relname || ' ('
        || string_agg(attribute.attname::text, ', ') OVER (PARTITION BY class.oid ORDER BY attribute.attnum)
        || ') TO stdout' AS query
    FROM pg_attribute AS attribute
    INNER JOIN pg_class AS class ON attribute.attrelid = class.oid
    INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
    WHERE attribute.attnum > 0 AND NOT attribute.attisdropped AND attribute.attgenerated = ''
        AND EXISTS (
            SELECT FROM pg_attribute AS own
            WHERE own.attrelid = attribute.attrelid AND own.attname IN ('tier_access', 'tier_markup')
        )
)

SELECT
    left(regexp_replace(statement.query, '\s+', ' ', 'g'), 160) AS query,
    sum(statement.calls)::bigint AS calls,
    min(role.rolname::text) AS role,
    (SELECT info.stats_reset FROM :"in_schema".pg_stat_statements_info AS info) AS since
FROM :"in_schema".pg_stat_statements AS statement
LEFT JOIN pg_roles AS role ON statement.userid = role.oid
WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND statement.query ~* '\m(?:tier_access|tier_markup)(?:_backup)?\M'
    AND position('/* tierflow */' IN statement.query) = 0
    AND rtrim(replace(statement.query, '"', ''), '; ') NOT IN (SELECT replace(dumped.query, '"', '') FROM dumped)
    AND statement.query NOT LIKE 'DECLARE \_pg\_dump\_cursor CURSOR FOR SELECT %'
GROUP BY 1
ORDER BY 2 DESC, 1
