-- Locks the models of one key range ('': all) on whose grants JSONB and junction table differ, in key order, and returns their ids. Takes row locks FOR NO KEY UPDATE.
WITH implied AS (
    SELECT * FROM :"ledger".implied_grant
    WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
),

access AS (
    SELECT * FROM :"target".tier_model_access
    WHERE enabled
        AND (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
)

SELECT model.id
FROM :"schema".model_access_control AS model
WHERE model.id IN (
    SELECT model_id
    FROM implied
    FULL JOIN access USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier
)
ORDER BY model.id
FOR NO KEY UPDATE
