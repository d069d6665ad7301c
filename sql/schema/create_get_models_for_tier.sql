-- Creates the function that lists the models a tier may use, with their prices. Locks nothing.
CREATE OR REPLACE FUNCTION :"schema".get_models_for_tier(p_tier_code varchar)
RETURNS TABLE (
    model_id uuid,
    model_identifier varchar,
    provider varchar,
    display_name varchar,
    markup_multiplier numeric(4, 2),
    effective_pricing jsonb
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT offer.model_id, offer.model_identifier, offer.provider, offer.display_name,
        offer.markup_multiplier, offer.effective_pricing
    FROM :"schema".v_model_tier_access AS offer
    WHERE offer.tier_code = p_tier_code
    ORDER BY offer.provider, offer.model_identifier;
END
