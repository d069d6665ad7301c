-- Drops a rehearsal's ledger. Locks nothing of an application's: the database is disposable.
DROP SCHEMA IF EXISTS :"ledger" CASCADE
