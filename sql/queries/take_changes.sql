-- Takes the next changes from the log, in order, and returns all it looked at: number, model, operation, and whether it was taken: those whose model it could lock, or that is no more. Takes row locks FOR NO KEY UPDATE on those models, in key order, and waits for none.
-- By number, one by one: a lower number than the last one seen may be committed later.
WITH batch AS MATERIALIZED (
    SELECT change_id, model_id, operation FROM :"ledger".change_log
    WHERE change_id > :'after' AND change_id <= :'up_to'
    ORDER BY change_id
    LIMIT :'most'
),

locked AS MATERIALIZED (
    SELECT id FROM :"schema".model_access_control
    WHERE id = ANY(ARRAY(SELECT model_id FROM batch))
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
),

taken AS (
    DELETE FROM :"ledger".change_log AS log
    WHERE log.change_id = ANY(ARRAY(SELECT change_id FROM batch)) AND (
        log.model_id IN (SELECT id FROM locked)
        OR NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = log.model_id)
    )
    RETURNING log.change_id
)

SELECT batch.change_id, batch.model_id, batch.operation, taken.change_id IS NOT NULL AS taken
FROM batch
LEFT JOIN taken ON batch.change_id = taken.change_id
ORDER BY batch.change_id
