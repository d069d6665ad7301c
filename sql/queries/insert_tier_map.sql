-- Adds one entry of the tier map. Locks nothing that the application uses.
INSERT INTO :"ledger".tier_map (code, tier_id, ordinal) VALUES (:'code', :'tier_id', :'ordinal')
