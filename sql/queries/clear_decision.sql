-- Forgets the decisions in force. Locks nothing that the application uses.
DELETE FROM :"ledger".decision
