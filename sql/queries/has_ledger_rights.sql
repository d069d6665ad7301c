-- Returns whether this session may write its run into the ledger: rights, and a server that takes writes. Reads only.
SELECT
    has_table_privilege(format('%I.run', :'ledger'), 'INSERT')
    AND has_table_privilege(format('%I.run', :'ledger'), 'UPDATE')
    AND has_table_privilege(format('%I.step', :'ledger'), 'INSERT')
    AND NOT pg_is_in_recovery()
    AND NOT current_setting('default_transaction_read_only')::boolean AS there
