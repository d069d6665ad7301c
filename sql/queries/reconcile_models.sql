-- Brings grants, captured values and quarantine of some models, which are locked, level with their JSONB, and returns their tier columns as text. Locks the junction rows it writes.
-- One statement, made to be prepared: parsing and planning it took 5 of 8 ms for which writers waited.
-- The pairs are read together (40 models took 5 ms, and 11 when each was read by itself), and the grants found by key whatever their estimated number.
WITH model AS MATERIALIZED (
    SELECT
        array_agg(id ORDER BY id) AS ids,
        array_agg(tier_access ORDER BY id) AS access,
        array_agg(tier_markup ORDER BY id) AS markups
    FROM :"schema".model_access_control
    WHERE id = ANY(:'models'::uuid [])
),

implied AS MATERIALIZED (
    SELECT model.ids[read.pair::integer] AS model_id, read.tier_id, read.markup_multiplier
    FROM model
    CROSS JOIN LATERAL :"ledger".implied_grants_of_pairs(model.access, model.markups) AS read
),

difference AS MATERIALIZED (
    SELECT
        access.id,
        access.enabled,
        implied.model_id,
        implied.tier_id,
        implied.markup_multiplier AS wanted
    FROM implied
    FULL JOIN (
        SELECT * FROM :"target".tier_model_access WHERE model_id = ANY(:'models'::uuid [])
    ) AS access ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
    WHERE implied.model_id IS NULL
        OR access.id IS NULL
        OR NOT access.enabled
        OR access.markup_multiplier <> implied.markup_multiplier
),

inserted AS (
    INSERT INTO :"target".tier_model_access (model_id, tier_id, markup_multiplier)
    SELECT model_id, tier_id, wanted FROM difference WHERE id IS NULL ORDER BY model_id, tier_id
),

updated AS (
    UPDATE :"target".tier_model_access AS access
    SET markup_multiplier = difference.wanted, enabled = true
    FROM difference
    WHERE access.id = difference.id
        AND access.id = ANY(ARRAY(SELECT id FROM difference WHERE model_id IS NOT NULL))
),

deleted AS (
    DELETE FROM :"target".tier_model_access AS access
    WHERE access.id = ANY(ARRAY(SELECT id FROM difference WHERE model_id IS NULL AND enabled))
),

captured AS (
    INSERT INTO :"ledger".captured (model_id, tier_access, tier_markup, caught_up)
    SELECT id, tier_access, tier_markup, true
    FROM :"schema".model_access_control
    WHERE id = ANY(:'models'::uuid [])
    ON CONFLICT (model_id) DO UPDATE
    SET tier_access = excluded.tier_access, tier_markup = excluded.tier_markup, caught_up = true
),

-- what it counted for when it was loaded is counted no more
deleted_model AS (
    UPDATE :"ledger".captured AS stored SET caught_up = true
    WHERE stored.model_id = ANY(:'models'::uuid [])
        AND NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = stored.model_id)
),

forgotten AS (
    DELETE FROM :"ledger".quarantine WHERE model_id = ANY(:'models'::uuid [])
)

SELECT id::text AS id, model_id::text AS model_identifier, tier_access::text AS tier_access, tier_markup::text AS tier_markup
FROM :"schema".model_access_control
WHERE id = ANY(:'models'::uuid [])
