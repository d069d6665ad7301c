-- Drops the codes that later grants are written back with, with their table. Locks nothing that the application uses.
DROP TABLE IF EXISTS :"ledger".write_code
