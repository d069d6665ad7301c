-- Empties the tier map before it is filled afresh. Locks nothing that the application uses.
DELETE FROM :"ledger".tier_map
