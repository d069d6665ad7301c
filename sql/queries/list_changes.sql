-- Returns the oldest changes of the log after one change and up to another: number and model, in order. Reads only.
SELECT change_id, model_id FROM :"ledger".change_log
WHERE change_id > :'after' AND change_id <= :'up_to'
ORDER BY change_id
LIMIT :'most'
