-- Deletes these runs from the ledger, their steps with them. Locks nothing that the application uses.
DELETE FROM :"ledger".run WHERE run_id = ANY(:'runs'::uuid [])
