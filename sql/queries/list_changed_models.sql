-- Returns the ids that the change log names up to a point. Reads only.
SELECT DISTINCT model_id FROM :"ledger".change_log WHERE change_id <= :'up_to'
