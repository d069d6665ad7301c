-- Takes one chunk for loading and returns it, or no row when it is loaded already. Locks that row of the ledger.
SELECT number FROM :"ledger".chunk WHERE number = :'number' AND loaded IS NULL FOR UPDATE
