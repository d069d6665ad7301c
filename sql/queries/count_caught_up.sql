-- Returns how many models were made level with their JSONB after they were loaded. Reads only.
SELECT count(*) AS models FROM :"ledger".captured WHERE caught_up
