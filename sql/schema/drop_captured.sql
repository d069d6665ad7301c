-- Drops the captured values with their table. Locks nothing that the application uses.
DROP TABLE IF EXISTS :"ledger".captured
