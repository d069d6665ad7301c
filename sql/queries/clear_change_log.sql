-- Forgets the changes that an earlier build logged. Locks nothing that the application uses.
DELETE FROM :"ledger".change_log
