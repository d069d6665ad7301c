-- Makes the grants and the quarantine of some models, whose rows are locked, what their JSONB says. Locks the grants that it writes.
SELECT :"ledger".sync_follow_jsonb(:'models'::uuid [])
