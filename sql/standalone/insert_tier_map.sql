-- Puts the tier map of this run in force; the table was emptied before. Locks nothing that the application uses.
INSERT INTO :"ledger".tier_map (code, tier_id, ordinal)
SELECT code, tier_id, ordinal FROM pg_temp.settled_map
