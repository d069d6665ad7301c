-- Drops the function that reads a model's markups as an object. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".markup_object(jsonb) RESTRICT
