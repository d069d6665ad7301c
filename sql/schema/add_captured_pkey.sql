-- Builds the key of the captured values. Locks nothing that the application uses.
ALTER TABLE :"ledger".captured ADD CONSTRAINT captured_pkey PRIMARY KEY (model_id)
