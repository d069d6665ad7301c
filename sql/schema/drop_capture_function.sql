-- Drops the function that logged changes. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".capture_change() RESTRICT
