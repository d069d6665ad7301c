-- Forgets on what both sides agreed after the capture. Locks nothing that the application uses.
DELETE FROM :"ledger".reconciled_grant
