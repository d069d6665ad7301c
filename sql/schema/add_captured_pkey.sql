-- Makes the index of the captured values their key. Locks nothing that the application uses.
ALTER TABLE :"ledger".captured ADD CONSTRAINT captured_pkey PRIMARY KEY USING INDEX captured_pkey
