-- Returns each grant on which JSONB and junction table differ: both markups, and the one on which they last agreed (NULL: no grant). Reads only.
-- They last agreed when the model was captured, or at a later reconciliation of that grant.
:head
WITH captured AS (
    SELECT model.id AS model_id, implied.tier_id, implied.markup_multiplier
    FROM :"schema".model_access_control AS model
    CROSS JOIN LATERAL :"ledger".implied_grants(model.tier_access_backup, model.tier_markup_backup) AS implied
),

junction AS (
    SELECT model_id, tier_id, markup_multiplier FROM :"schema".tier_model_access WHERE enabled
)

SELECT
    model.id AS model_id,
    model.model_id::text AS model,
    tier.tier_code::text AS tier,
    implied.markup_multiplier AS jsonb_markup,
    junction.markup_multiplier AS junction_markup,
    CASE WHEN reconciled.model_id IS NULL THEN captured.markup_multiplier
        ELSE reconciled.markup_multiplier
    END AS agreed_markup
FROM :"ledger".implied_grant AS implied
FULL JOIN junction ON implied.model_id = junction.model_id AND implied.tier_id = junction.tier_id
LEFT JOIN captured
    ON captured.model_id = coalesce(implied.model_id, junction.model_id)
    AND captured.tier_id = coalesce(implied.tier_id, junction.tier_id)
LEFT JOIN :"ledger".reconciled_grant AS reconciled
    ON reconciled.model_id = coalesce(implied.model_id, junction.model_id)
    AND reconciled.tier_id = coalesce(implied.tier_id, junction.tier_id)
INNER JOIN :"schema".model_access_control AS model ON model.id = coalesce(implied.model_id, junction.model_id)
INNER JOIN :"schema".subscription_tiers AS tier ON tier.id = coalesce(implied.tier_id, junction.tier_id)
WHERE implied.markup_multiplier IS DISTINCT FROM junction.markup_multiplier
ORDER BY 2, 3
