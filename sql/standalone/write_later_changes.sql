-- Writes into the JSONB what changed in the junction table only: tierflow/rewrite_pair.py for models whose codes grant one tier each. Locks those rows.
-- The order of the array stays, all codes of a revoked tier go, a new grant is appended under the code by which the old application knows its tier.
WITH change AS (
    SELECT later.model_id, later.tier, later.junction_markup AS markup, tier.id AS tier_id, tier.sort_order,
        (SELECT named.code FROM :"ledger".write_code_in_force AS named WHERE named.tier_id = tier.id) AS write_code
    FROM pg_temp.later_change AS later
    INNER JOIN :"schema".subscription_tiers AS tier ON later.tier = tier.tier_code
    WHERE later.side = 'junction'
),

listed AS (
    SELECT model.id AS model_id, item.ordinality AS position, item.value,
        CASE WHEN jsonb_typeof(item.value) = 'string' THEN item.value #>> '{}' END AS code
    FROM :"schema".model_access_control AS model
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(model.tier_access)
            WHEN 'array' THEN model.tier_access
            WHEN 'string' THEN jsonb_build_array(model.tier_access)
            ELSE '[]'
        END
    ) WITH ORDINALITY AS item (value, ordinality)
    WHERE model.id IN (SELECT model_id FROM change)
),

read AS (
    SELECT listed.model_id, listed.position, listed.value, listed.code, change.tier_id, change.markup
    FROM listed
    LEFT JOIN :"ledger".tier_code AS code ON listed.code = code.code
    LEFT JOIN change ON listed.model_id = change.model_id AND code.tier_id = change.tier_id
),

kept AS (
    SELECT model_id, position, value, code, markup FROM read WHERE tier_id IS NULL OR markup IS NOT NULL
    UNION ALL
    SELECT change.model_id,
        1000000 + row_number() OVER (PARTITION BY change.model_id ORDER BY change.tier),
        to_jsonb(change.write_code), change.write_code, change.markup
    FROM change
    WHERE change.markup IS NOT NULL AND NOT EXISTS (
        SELECT FROM read WHERE read.model_id = change.model_id AND read.tier_id = change.tier_id
    )
),

written AS (
    SELECT
        model.id,
        coalesce((SELECT jsonb_agg(kept.value ORDER BY kept.position) FROM kept WHERE kept.model_id = model.id), '[]') AS access,
        (
            SELECT jsonb_object_agg(kept.code, kept.markup)
            FROM kept
            WHERE kept.model_id = model.id AND kept.markup IS NOT NULL
                AND :"ledger".usable_markup(model.tier_markup, kept.code, (
                    SELECT decisions ->> 'inexact_markup' = 'round' FROM :"ledger".decision
                )) IS DISTINCT FROM kept.markup
        ) AS prices
    FROM :"schema".model_access_control AS model
    WHERE model.id IN (SELECT model_id FROM change)
)

UPDATE :"schema".model_access_control AS model
SET tier_access = CASE
        WHEN jsonb_typeof(model.tier_access) = 'string' AND written.access = jsonb_build_array(model.tier_access) THEN model.tier_access
        ELSE written.access
    END,
    tier_markup = CASE
        WHEN written.prices IS NULL THEN model.tier_markup
        ELSE coalesce(nullif(model.tier_markup, 'null'), '{}') || written.prices
    END
FROM written
WHERE written.id = model.id
