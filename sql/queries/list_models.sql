-- Returns some models' tier columns as text. Reads only.
SELECT id::text AS id, model_id::text AS model_identifier, tier_access::text AS tier_access, tier_markup::text AS tier_markup
FROM :"schema".model_access_control
WHERE id = ANY(:'models'::uuid [])
ORDER BY id
