-- Drops the function that reads grants out of the JSONB. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".implied_grants(jsonb, jsonb) RESTRICT
