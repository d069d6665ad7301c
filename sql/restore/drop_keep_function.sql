-- Drops the restore's function. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".keep_all_but_tiers() RESTRICT
