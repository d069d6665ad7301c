-- Creates the function that grants one model to exactly these tiers; kept grants keep their markup, new ones get 1.00. Locks nothing.
-- It returns a row for each tier that is kept, granted or revoked, with the markup of the grant.
CREATE OR REPLACE FUNCTION :"schema".set_model_tiers(p_model_id uuid, p_tier_codes text [])
RETURNS TABLE (tier_code varchar, change text, markup_multiplier numeric)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT :"schema".check_tier_write(p_tier_codes, ARRAY[p_model_id], NULL);

    WITH held AS MATERIALIZED (
        SELECT tier.id AS tier_id, tier.tier_code, tier.sort_order, tier.tier_code = ANY(p_tier_codes) AS is_wanted,
            access.id, coalesce(access.enabled, false) AS is_granted, coalesce(access.markup_multiplier, 1.00) AS markup_multiplier
        FROM :"schema".subscription_tiers AS tier
        LEFT JOIN :"target".tier_model_access AS access ON access.tier_id = tier.id AND access.model_id = p_model_id
        WHERE tier.tier_code = ANY(p_tier_codes) OR access.id IS NOT NULL
    ),

    revoked AS (
        DELETE FROM :"target".tier_model_access AS access
        USING held
        WHERE access.id = held.id AND NOT held.is_wanted
    ),

    granted AS (
        INSERT INTO :"target".tier_model_access (tier_id, model_id, markup_multiplier)
        SELECT held.tier_id, p_model_id, held.markup_multiplier
        FROM held WHERE held.is_wanted AND NOT held.is_granted ORDER BY held.tier_id
        ON CONFLICT (tier_id, model_id) DO UPDATE SET enabled = true
    )

    SELECT held.tier_code,
        CASE WHEN NOT held.is_wanted THEN 'revoked' WHEN held.is_granted THEN 'kept' ELSE 'granted' END,
        held.markup_multiplier
    FROM held
    WHERE held.is_wanted OR held.is_granted
    ORDER BY held.sort_order, held.tier_id;
END
