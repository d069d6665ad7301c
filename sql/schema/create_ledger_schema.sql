-- Creates the schema of the ledger, if it is not there. Locks nothing that the application uses.
CREATE SCHEMA IF NOT EXISTS :"ledger"
