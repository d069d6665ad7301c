-- Creates the function that says whether a tier may use a model. Locks nothing.
CREATE OR REPLACE FUNCTION :"schema".is_model_available_for_tier(p_model_id uuid, p_tier_code varchar) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM :"target".tier_model_access AS access
        INNER JOIN :"schema".model_access_control AS model ON access.model_id = model.id
        INNER JOIN :"schema".subscription_tiers AS tier ON access.tier_id = tier.id
        WHERE access.model_id = p_model_id AND tier.tier_code = p_tier_code
            AND access.enabled AND model.enabled
    );
END
