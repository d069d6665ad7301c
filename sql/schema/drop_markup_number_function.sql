-- Drops the function that reads a JSON markup as a number. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".markup_number(jsonb) RESTRICT
