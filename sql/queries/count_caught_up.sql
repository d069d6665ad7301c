-- Returns how many models were made level with their JSONB after they were loaded. Reads only.
SELECT count(DISTINCT model_id) AS models FROM :"ledger".reconciled_grant
