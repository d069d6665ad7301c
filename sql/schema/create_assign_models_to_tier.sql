-- Creates the function that grants models to a tier; without a markup new grants get 1.00 and others keep theirs. Locks nothing.
-- It returns how many grants are new (or enabled again), have another markup, and were so already.
CREATE OR REPLACE FUNCTION :"schema".assign_models_to_tier(p_tier_code varchar, p_model_ids uuid [], p_markup numeric DEFAULT NULL)
RETURNS TABLE (granted bigint, changed bigint, unchanged bigint)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT :"schema".check_tier_write(ARRAY[p_tier_code::text], p_model_ids, p_markup);

    -- in key order, and only what differs: a write that changes nothing would move updated_at and wake the sync
    WITH wanted AS MATERIALIZED (
        SELECT asked.model_id, tier.id AS tier_id, coalesce(p_markup, held.markup_multiplier, 1.00) AS markup_multiplier,
            coalesce(held.enabled, false) AS is_granted,
            coalesce(held.enabled AND held.markup_multiplier = coalesce(p_markup, held.markup_multiplier), false) AS is_so
        FROM (SELECT DISTINCT model_id FROM unnest(p_model_ids) AS model_id) AS asked
        INNER JOIN :"schema".subscription_tiers AS tier ON tier.tier_code = p_tier_code
        LEFT JOIN :"target".tier_model_access AS held ON held.tier_id = tier.id AND held.model_id = asked.model_id
    ),

    written AS (
        INSERT INTO :"target".tier_model_access (tier_id, model_id, markup_multiplier)
        SELECT wanted.tier_id, wanted.model_id, wanted.markup_multiplier
        FROM wanted WHERE NOT wanted.is_so ORDER BY wanted.model_id
        ON CONFLICT (tier_id, model_id) DO UPDATE SET enabled = true, markup_multiplier = excluded.markup_multiplier
        RETURNING model_id
    )

    SELECT
        count(*) FILTER (WHERE written.model_id IS NOT NULL AND NOT wanted.is_granted),
        count(*) FILTER (WHERE written.model_id IS NOT NULL AND wanted.is_granted),
        count(*) FILTER (WHERE written.model_id IS NULL)
    FROM wanted
    LEFT JOIN written ON wanted.model_id = written.model_id;
END
