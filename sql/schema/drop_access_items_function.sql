-- Drops the function that reads a model's access as an array. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".access_items(jsonb) RESTRICT
