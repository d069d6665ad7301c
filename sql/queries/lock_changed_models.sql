-- Locks the models that the change log names, in key order, and returns their ids. Takes row locks FOR NO KEY UPDATE.
SELECT model.id
FROM :"schema".model_access_control AS model
WHERE model.id IN (SELECT log.model_id FROM :"ledger".change_log AS log WHERE log.change_id <= :'up_to')
ORDER BY model.id
FOR NO KEY UPDATE
