-- Deletes the grants that the keys would not let in (copies, and those of a model or tier that does not exist) and returns each: model, tier, change, both markups. Locks the rows it deletes.
WITH numbered AS (
    SELECT ctid AS place, row_number() OVER (PARTITION BY model_id, tier_id ORDER BY enabled DESC, id) AS number
    FROM :"target".tier_model_access
),

deleted AS (
    DELETE FROM :"target".tier_model_access AS access
    USING numbered
    WHERE access.ctid = numbered.place AND (
        numbered.number > 1
        OR NOT EXISTS (SELECT FROM :"schema".subscription_tiers AS tier WHERE tier.id = access.tier_id)
        OR NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = access.model_id)
    )
    RETURNING access.model_id, access.tier_id, access.enabled, access.markup_multiplier
)

SELECT
    coalesce(model.model_id::text, deleted.model_id::text) AS model,
    coalesce(tier.tier_code::text, deleted.tier_id::text) AS tier,
    'deleted' AS change,
    CASE WHEN deleted.enabled THEN deleted.markup_multiplier END AS found,
    NULL::numeric AS wanted
FROM deleted
LEFT JOIN :"schema".model_access_control AS model ON deleted.model_id = model.id
LEFT JOIN :"schema".subscription_tiers AS tier ON deleted.tier_id = tier.id
ORDER BY 1, 2
