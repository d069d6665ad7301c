-- Returns each grant on which JSONB and junction table differ: both markups, and the one on which they last agreed (NULL: no grant). Reads only.
-- They last agreed when the model was captured, or at a later reconciliation of that grant; a model without captured values was added later.
:head
WITH difference AS MATERIALIZED (
    SELECT
        coalesce(implied.model_id, junction.model_id) AS model_id,
        coalesce(implied.tier_id, junction.tier_id) AS tier_id,
        implied.markup_multiplier AS jsonb_markup,
        junction.markup_multiplier AS junction_markup
    FROM :"ledger".implied_grant AS implied
    FULL JOIN (
        SELECT model_id, tier_id, markup_multiplier FROM :"schema".tier_model_access WHERE enabled
    ) AS junction ON implied.model_id = junction.model_id AND implied.tier_id = junction.tier_id
    WHERE implied.markup_multiplier IS DISTINCT FROM junction.markup_multiplier
),

-- the rules read only the models that differ
captured AS MATERIALIZED (
    SELECT stored.model_id, implied.tier_id, implied.markup_multiplier
    FROM :"ledger".captured AS stored
    CROSS JOIN LATERAL :"ledger".implied_grants(stored.tier_access, stored.tier_markup) AS implied
    WHERE stored.model_id IN (SELECT difference.model_id FROM difference)
)

SELECT
    model.id AS model_id,
    model.model_id::text AS model,
    tier.tier_code::text AS tier,
    difference.jsonb_markup,
    difference.junction_markup,
    CASE WHEN reconciled.model_id IS NULL THEN captured.markup_multiplier
        ELSE reconciled.markup_multiplier
    END AS agreed_markup
FROM difference
LEFT JOIN captured ON difference.model_id = captured.model_id AND difference.tier_id = captured.tier_id
LEFT JOIN :"ledger".reconciled_grant AS reconciled
    ON difference.model_id = reconciled.model_id AND difference.tier_id = reconciled.tier_id
INNER JOIN :"schema".model_access_control AS model ON difference.model_id = model.id
INNER JOIN :"schema".subscription_tiers AS tier ON difference.tier_id = tier.id
ORDER BY 2, 3
