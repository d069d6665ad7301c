-- Returns the highest number of the change log and how many changes it holds. Reads only.
SELECT coalesce(max(change_id), 0) AS up_to, count(*) AS changes FROM :"ledger".change_log
