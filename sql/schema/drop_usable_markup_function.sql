-- Drops the function that reads a markup as it may be billed. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".usable_markup(jsonb, text, boolean) RESTRICT
