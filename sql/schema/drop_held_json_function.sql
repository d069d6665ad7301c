-- Drops the function that reads a JSON string as JSON. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".held_json(jsonb, text) RESTRICT
