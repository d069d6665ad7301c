-- Gives what the file says of a model whose id was changed since to the one that has its identifier now, and that the file does not know. Locks nothing of the application's.
UPDATE pg_temp.restored AS old
SET id = moved.id
FROM (
    SELECT DISTINCT ON (model.id) model.id, gone.ordinal
    FROM pg_temp.restored AS gone
    INNER JOIN :"schema".model_access_control AS model ON gone.model_id = model.model_id
    WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS there WHERE there.id = gone.id)
        AND NOT EXISTS (SELECT FROM pg_temp.restored AS known WHERE known.id = model.id)
    ORDER BY model.id, gone.ordinal DESC
) AS moved
WHERE old.ordinal = moved.ordinal
