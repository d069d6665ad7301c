-- Plans the filling of the backup columns for every key range again. Locks those rows of the ledger.
UPDATE :"ledger".chunk SET backed_up = NULL, backed_up_to = NULL
WHERE backed_up IS NOT NULL OR backed_up_to IS NOT NULL
