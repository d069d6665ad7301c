-- Records that the backup of every chunk is written. Locks those rows of the ledger.
UPDATE :"ledger".chunk SET backed_up = now() WHERE backed_up IS NULL
