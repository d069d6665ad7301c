-- Returns whether this role may see which tables a subscription writes. Reads only.
:head
SELECT has_table_privilege('pg_subscription_rel', 'SELECT')
    AND has_column_privilege('pg_subscription', 'oid', 'SELECT')
    AND has_column_privilege('pg_subscription', 'subname', 'SELECT') AS there
