-- Forgets which models of an earlier migration had no values to back up. Locks nothing that the application uses.
DELETE FROM :"ledger".null_backup
