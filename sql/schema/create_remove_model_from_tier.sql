-- Creates the function that takes one grant back; it returns whether there was one. Locks nothing.
CREATE OR REPLACE FUNCTION :"schema".remove_model_from_tier(p_model_id uuid, p_tier_code varchar) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT :"schema".check_tier_write(ARRAY[p_tier_code::text], ARRAY[p_model_id], NULL);

    WITH removed AS (
        DELETE FROM :"target".tier_model_access AS access
        USING :"schema".subscription_tiers AS tier
        WHERE access.tier_id = tier.id AND tier.tier_code = p_tier_code AND access.model_id = p_model_id
        RETURNING access.enabled
    )

    SELECT coalesce(bool_or(removed.enabled), false) FROM removed;
END
