-- Writes into the JSONB what changed in the junction table only: tierflow/rewrite_pair.py for models whose codes grant one tier each. Locks those rows.
-- The order of the array stays, all codes of a revoked tier go, a new grant is appended under the code by which the old application
-- knows its tier. What was encoded twice is so again; a column that held nothing takes the shape of the other one.
WITH change AS (
    SELECT later.model_id, later.tier, later.junction_markup AS markup, tier.id AS tier_id,
        (SELECT named.code FROM :"ledger".write_code_in_force AS named WHERE named.tier_id = tier.id) AS write_code
    FROM pg_temp.later_change AS later
    INNER JOIN :"schema".subscription_tiers AS tier ON later.tier = tier.tier_code
    WHERE later.side = 'junction'
),

held AS MATERIALIZED (
    SELECT model.id AS model_id, model.tier_access, model.tier_markup, read.items, read.markups,
        jsonb_typeof(model.tier_access) = 'string' AND read.items <> jsonb_build_array(model.tier_access)
        OR coalesce(model.tier_access, 'null') = 'null' AND jsonb_typeof(model.tier_markup) = 'string' AS access_twice,
        jsonb_typeof(model.tier_markup) = 'string'
        OR coalesce(model.tier_markup, 'null') = 'null'
        AND jsonb_typeof(model.tier_access) = 'string' AND read.items <> jsonb_build_array(model.tier_access) AS markups_twice
    FROM :"schema".model_access_control AS model
    CROSS JOIN LATERAL (
        SELECT :"ledger".access_items(model.tier_access) AS items, :"ledger".markup_object(model.tier_markup) #> '{}' AS markups OFFSET 0
    ) AS read
    WHERE model.id IN (SELECT change.model_id FROM change)
),

listed AS (
    SELECT held.model_id, item.ordinality AS position, item.value,
        CASE WHEN jsonb_typeof(item.value) = 'string' THEN item.value #>> '{}' END AS code
    FROM held
    CROSS JOIN LATERAL jsonb_array_elements(held.items) WITH ORDINALITY AS item (value, ordinality)
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
        4611686018427387904 + row_number() OVER (PARTITION BY change.model_id ORDER BY change.tier),
        to_jsonb(change.write_code), change.write_code, change.markup
    FROM change
    WHERE change.markup IS NOT NULL AND NOT EXISTS (
        SELECT FROM read WHERE read.model_id = change.model_id AND read.tier_id = change.tier_id
    )
),

said AS (
    SELECT kept.model_id, jsonb_agg(kept.value ORDER BY kept.position) AS items FROM kept GROUP BY kept.model_id
),

priced AS (
    SELECT kept.model_id, jsonb_object_agg(kept.code, kept.markup) AS prices
    FROM kept
    INNER JOIN held ON kept.model_id = held.model_id
    WHERE kept.markup IS NOT NULL
        AND :"ledger".usable_markup(held.markups, kept.code, (
            SELECT decisions ->> 'inexact_markup' = 'round' FROM :"ledger".decision
        )) IS DISTINCT FROM kept.markup
    GROUP BY kept.model_id
),

written AS (
    SELECT held.*, coalesce(said.items, '[]') AS new_items, coalesce(nullif(held.markups, 'null'), '{}') || priced.prices AS new_markups
    FROM held
    LEFT JOIN said ON held.model_id = said.model_id
    LEFT JOIN priced ON held.model_id = priced.model_id
)

UPDATE :"schema".model_access_control AS model
SET tier_access = CASE
        WHEN written.new_items = written.items THEN model.tier_access
        WHEN written.access_twice THEN to_jsonb(written.new_items::text)
        ELSE written.new_items
    END,
    tier_markup = CASE
        WHEN written.new_markups IS NULL THEN model.tier_markup
        WHEN written.markups_twice THEN to_jsonb(written.new_markups::text)
        ELSE written.new_markups
    END
FROM written
WHERE written.model_id = model.id
