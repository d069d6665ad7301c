-- Locks the models on whose grants JSONB and junction table differ, in key order, and returns their ids. Takes row locks FOR NO KEY UPDATE.
SELECT model.id
FROM :"schema".model_access_control AS model
WHERE model.id IN (
    SELECT model_id
    FROM :"ledger".implied_grant AS implied
    FULL JOIN (SELECT * FROM :"target".tier_model_access WHERE enabled) AS access USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier
)
ORDER BY model.id
FOR NO KEY UPDATE
