-- Writes the grants of some models into their JSONB. Locks those models FOR NO KEY UPDATE.
SELECT :"ledger".sync_carry_grants(:'models'::uuid [])
