-- Plans the backup of every chunk again. Locks those rows of the ledger.
UPDATE :"ledger".chunk SET backed_up = NULL WHERE backed_up IS NOT NULL
