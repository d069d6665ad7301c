-- Captures the tier columns, as they are now, of every model that has no captured values, and counts them; what both sides agreed on before is forgotten. Takes ACCESS SHARE on the models.
WITH captured AS (
    INSERT INTO :"ledger".captured (model_id, tier_access, tier_markup)
    SELECT model.id, model.tier_access, model.tier_markup
    FROM :"schema".model_access_control AS model
    WHERE NOT EXISTS (SELECT FROM :"ledger".captured AS stored WHERE stored.model_id = model.id)
    RETURNING model_id
),

forgotten AS (
    DELETE FROM :"ledger".reconciled_grant AS agreed
    USING captured
    WHERE agreed.model_id = captured.model_id
)

SELECT count(*) AS models FROM captured
