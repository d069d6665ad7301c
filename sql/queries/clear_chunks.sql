-- Forgets the chunks of an earlier build. Locks nothing that the application uses.
DELETE FROM :"ledger".chunk
