-- Builds the index of the captured values' key, if it is not there. Locks nothing that the application uses.
CREATE UNIQUE INDEX IF NOT EXISTS captured_pkey ON :"ledger".captured (model_id)
