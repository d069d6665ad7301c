-- Drops the backup's trigger function. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".keep_other_columns() RESTRICT
