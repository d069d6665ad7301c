-- Returns the models that the change log names, each once, and the last number of the log. Reads only.
SELECT log.model_id, max(log.change_id) AS last FROM :"ledger".change_log AS log
GROUP BY log.model_id
