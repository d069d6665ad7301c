-- Locks those of some models that nobody else holds, in key order, and returns their ids. Takes row locks FOR NO KEY UPDATE, and waits for none.
SELECT id FROM :"schema".model_access_control
WHERE id = ANY(:'models'::uuid [])
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED
