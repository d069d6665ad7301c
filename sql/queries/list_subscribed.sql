-- Returns a row for each of the three tables that subscriptions of this database write: the table, their names, the trigger that is to follow what they write and its function, whether it may, and whether this role may make it fire for them. Reads only.
-- Where both sides come from elsewhere neither follows the other: each grant would be written twice.
:head
WITH subscribed AS (
    SELECT class.relname::text AS relation, side.name AS side, class.relowner AS owner,
        string_agg(DISTINCT subscription.subname::text, ', ') AS subscriptions
    FROM pg_class AS class
    INNER JOIN (
        VALUES ('model_access_control', 'models'), ('subscription_tiers', 'tiers'), ('tier_model_access', 'grants')
    ) AS side (relation, name) ON class.relname = side.relation
    INNER JOIN pg_subscription_rel AS written
        ON written.srrelid = class.oid OR written.srrelid IN (SELECT part.relid FROM pg_partition_tree(class.oid) AS part)
    INNER JOIN pg_subscription AS subscription ON written.srsubid = subscription.oid
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
    GROUP BY class.relname, side.name, class.relowner
)

SELECT relation, subscriptions,
    format('tierflow_sync_%s_replica', side) AS trigger, format('sync_%s', side) AS function,
    (SELECT count(*) FROM subscribed AS other WHERE other.side <> 'tiers') < 2 AS may_follow,
    pg_has_role(owner, 'USAGE') AS is_owned
FROM subscribed
ORDER BY relation
