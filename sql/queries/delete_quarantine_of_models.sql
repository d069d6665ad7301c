-- Forgets the quarantined elements of some models before they are read again. Locks nothing that the application uses.
DELETE FROM :"ledger".quarantine WHERE model_id = ANY(:'models'::uuid [])
