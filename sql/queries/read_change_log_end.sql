-- Returns how far the change log goes and how many models it names. Reads only.
SELECT coalesce(max(change_id), 0) AS up_to, count(DISTINCT model_id) AS models FROM :"ledger".change_log
