-- Plans one chunk, unless it is planned already. Locks nothing that the application uses.
INSERT INTO :"ledger".chunk (number, low, high) VALUES (:'number', :'low', :'high')
ON CONFLICT (number) DO NOTHING
