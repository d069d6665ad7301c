-- Forgets that the old columns were dropped: they are back. Locks nothing that the application uses.
DELETE FROM :"ledger".finalization
