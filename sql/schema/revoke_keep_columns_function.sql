-- Revokes the right to call the backup's trigger function as its owner, which its trigger does not need. Locks nothing.
REVOKE ALL ON FUNCTION :"ledger".keep_other_columns() FROM PUBLIC
