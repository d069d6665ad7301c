-- Returns the first id of every chunk but the first, in order: an index-only walk, no sort. Reads only.
SELECT id
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number
    FROM :"schema".model_access_control
) AS numbered
WHERE (number - 1) % :'chunk_models' = 0 AND number > 1
ORDER BY id
