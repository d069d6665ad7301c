-- Empties the quarantine before it is filled afresh. Locks nothing that the application uses.
DELETE FROM :"ledger".quarantine
