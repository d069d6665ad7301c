-- Returns the highest number of the change log. Reads only.
SELECT coalesce(max(change_id), 0) AS up_to FROM :"ledger".change_log
