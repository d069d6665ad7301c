-- Forgets the changes that are caught up. Locks nothing that the application uses.
DELETE FROM :"ledger".change_log WHERE change_id <= :'up_to'
