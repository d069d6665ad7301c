-- Returns the statements that pg_stat_statements has seen in this database since its last reset and that name the old columns, the most frequent first; ours carry a mark. Reads only.
SELECT
    left(regexp_replace(statement.query, '\s+', ' ', 'g'), 160) AS query,
    sum(statement.calls)::bigint AS calls,
    min(role.rolname::text) AS role,
    (SELECT info.stats_reset FROM :"in_schema".pg_stat_statements_info AS info) AS since
FROM :"in_schema".pg_stat_statements AS statement
LEFT JOIN pg_roles AS role ON statement.userid = role.oid
WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND statement.query ~ '\m(?:tier_access|tier_markup)(?:_backup)?\M'
    AND position('/* tierflow */' IN statement.query) = 0
GROUP BY 1
ORDER BY 2 DESC, 1
