-- Drops the function that returns the grants that pairs of tier columns imply. Locks nothing.
DROP FUNCTION IF EXISTS :"ledger".implied_grants_of_pairs(jsonb[], jsonb[]) RESTRICT
