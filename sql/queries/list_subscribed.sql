-- Returns a row for each of the three tables that subscriptions of this database write: the table, their names, whether a trigger may follow what they write, and whether this role may make one fire for them. Reads only.
-- Where both sides come from elsewhere neither follows the other: each grant would be written twice.
WITH subscribed AS (
    SELECT class.relname::text AS relation, class.relowner AS owner,
        string_agg(DISTINCT subscription.subname::text, ', ') AS subscriptions
    FROM pg_class AS class
    INNER JOIN pg_subscription_rel AS written
        ON written.srrelid = class.oid OR written.srrelid IN (SELECT part.relid FROM pg_partition_tree(class.oid) AS part)
    INNER JOIN pg_subscription AS subscription ON written.srsubid = subscription.oid
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema'))
        AND class.relname IN ('model_access_control', 'subscription_tiers', 'tier_model_access')
    GROUP BY class.relname, class.relowner
)

SELECT relation, subscriptions,
    (SELECT count(*) FROM subscribed AS side WHERE side.relation <> 'subscription_tiers') < 2 AS may_follow,
    pg_has_role(owner, 'USAGE') AS is_owned
FROM subscribed
ORDER BY relation
