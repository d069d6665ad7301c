-- Plans one chunk, unless it is planned already. Locks nothing that the application uses.
INSERT INTO :"ledger".chunk (number, low, high) VALUES (:'number', nullif(:'low'::text, '')::uuid, nullif(:'high'::text, '')::uuid)
ON CONFLICT (number) DO NOTHING
