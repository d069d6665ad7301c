-- Returns a row per kind of wrong grant: how many there are and the first twenty. A full comparison of JSONB and junction table, of one key range of models ('': all). Reads only.
:head
WITH implied AS (
    SELECT * FROM :"ledger".implied_grant
    WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
    AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
),

access AS (
    SELECT * FROM :"target".tier_model_access
    WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
    AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
),

difference AS (
    SELECT
        coalesce(implied.model_id, access.model_id) AS model_id,
        coalesce(implied.tier_id, access.tier_id) AS tier_id,
        CASE
            WHEN access.model_id IS NULL THEN 'missing'
            WHEN implied.model_id IS NULL THEN 'extra'
            ELSE 'wrong_markup'
        END AS kind
    FROM implied
    FULL JOIN (SELECT * FROM access WHERE enabled) AS access
        ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
    WHERE implied.model_id IS NULL OR access.model_id IS NULL
        OR implied.markup_multiplier <> access.markup_multiplier
),

wrong AS (
    SELECT kind, model_id, tier_id FROM difference
    UNION ALL
    SELECT 'without_tier', access.model_id, access.tier_id
    FROM access
    WHERE NOT EXISTS (SELECT FROM :"schema".subscription_tiers AS tier WHERE tier.id = access.tier_id)
    UNION ALL
    SELECT 'without_model', access.model_id, access.tier_id
    FROM access
    WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = access.model_id)
    UNION ALL
    SELECT 'duplicate', model_id, tier_id
    FROM access GROUP BY model_id, tier_id HAVING count(*) > 1
)

SELECT
    kinds.kind,
    kinds.description AS check,
    count(wrong.kind)::bigint AS rows,
    coalesce(array_to_string((array_agg(
        coalesce(model.model_id::text, wrong.model_id::text) || ' / ' || coalesce(tier.tier_code::text, wrong.tier_id::text)
        ORDER BY model.model_id, tier.tier_code
    ) FILTER (WHERE wrong.kind IS NOT NULL))[1:20], ', '), '') AS sample
FROM (VALUES
    (1, 'without_tier', 'grants whose tier does not exist'),
    (2, 'without_model', 'grants whose model does not exist'),
    (3, 'duplicate', 'duplicate grants'),
    (4, 'missing', 'grants missing (in the JSONB, not in the table)'),
    (5, 'extra', 'extra grants (in the table, not in the JSONB)'),
    (6, 'wrong_markup', 'grants with another markup than the JSONB')
) AS kinds (ordinal, kind, description)
LEFT JOIN wrong ON kinds.kind = wrong.kind
LEFT JOIN :"schema".model_access_control AS model ON wrong.model_id = model.id
LEFT JOIN :"schema".subscription_tiers AS tier ON wrong.tier_id = tier.id
GROUP BY kinds.ordinal, kinds.kind, kinds.description
ORDER BY kinds.ordinal
