-- Makes the junction table what the JSONB implies, for the models of one key range ('': all), and returns each change: model, tier, change, both markups. Writes only under `apply`; locks the rows it writes.
WITH difference AS MATERIALIZED (
    SELECT
        coalesce(implied.model_id, access.model_id) AS model_id,
        coalesce(implied.tier_id, access.tier_id) AS tier_id,
        access.id,
        access.markup_multiplier AS found,
        access.enabled,
        implied.markup_multiplier AS wanted,
        CASE
            WHEN implied.model_id IS NULL THEN 'deleted'
            WHEN access.id IS NULL THEN 'inserted'
            ELSE 'updated'
        END AS change
    FROM (
        SELECT * FROM :"ledger".implied_grant
        WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
            AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
    ) AS implied
    FULL JOIN (
        SELECT * FROM :"target".tier_model_access
        WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
            AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
    ) AS access ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
    WHERE (implied.model_id IS NULL AND access.enabled)
        OR access.id IS NULL
        OR (implied.model_id IS NOT NULL
            AND (NOT access.enabled OR access.markup_multiplier <> implied.markup_multiplier))
),

inserted AS (
    INSERT INTO :"target".tier_model_access (model_id, tier_id, markup_multiplier)
    SELECT model_id, tier_id, wanted FROM difference WHERE :'apply' AND change = 'inserted' ORDER BY model_id, tier_id
),

updated AS (
    UPDATE :"target".tier_model_access AS access
    SET markup_multiplier = difference.wanted, enabled = true
    FROM difference WHERE :'apply' AND difference.change = 'updated' AND access.id = difference.id
),

deleted AS (
    DELETE FROM :"target".tier_model_access AS access
    USING difference WHERE :'apply' AND difference.change = 'deleted' AND access.id = difference.id
),

noted AS (
    INSERT INTO :"ledger".reconciled_grant (model_id, tier_id, markup_multiplier)
    SELECT model_id, tier_id, wanted FROM difference WHERE :'apply'
    ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier
)

SELECT
    coalesce(model.model_id::text, difference.model_id::text) AS model,
    coalesce(tier.tier_code::text, difference.tier_id::text) AS tier,
    difference.change,
    CASE WHEN difference.enabled THEN difference.found END AS found,
    difference.wanted
FROM difference
LEFT JOIN :"schema".model_access_control AS model ON difference.model_id = model.id
LEFT JOIN :"schema".subscription_tiers AS tier ON difference.tier_id = tier.id
ORDER BY 1, 2
