-- Returns some models' ids and identifiers as text. Reads only.
SELECT id::text AS id, model_id::text AS model_identifier
FROM :"schema".model_access_control
WHERE id = ANY(:'models'::uuid [])
