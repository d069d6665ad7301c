-- Creates the function that changes the markup of one grant; it returns the markup before. Locks nothing.
CREATE OR REPLACE FUNCTION :"schema".set_model_markup(p_model_id uuid, p_tier_code varchar, p_markup numeric) RETURNS numeric
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT :"schema".check_tier_write(ARRAY[p_tier_code::text], ARRAY[p_model_id], p_markup);

    SELECT :"schema".raise_tier_error(
        CASE WHEN p_markup IS NULL THEN '22004' ELSE 'P0002' END,
        CASE WHEN p_markup IS NULL THEN 'The markup is NULL.'
            WHEN held.is_off THEN format('The grant of the model %s for the tier %L is switched off.', p_model_id, p_tier_code)
            ELSE format('The model %s has no grant for the tier %L.', p_model_id, p_tier_code) END,
        'Nothing was changed.',
        CASE WHEN p_markup IS NULL THEN 'Give a number from 0 to 99.99.'
            WHEN held.is_off THEN 'Enable it first, with assign_models_to_tier.'
            ELSE 'Grant it first, with assign_models_to_tier.' END
    )
    FROM (
        SELECT bool_and(NOT access.enabled) AS is_off
        FROM :"target".tier_model_access AS access
        INNER JOIN :"schema".subscription_tiers AS tier ON access.tier_id = tier.id
        WHERE tier.tier_code = p_tier_code AND access.model_id = p_model_id
    ) AS held
    WHERE p_markup IS NULL OR held.is_off IS DISTINCT FROM false;

    WITH held AS MATERIALIZED (
        SELECT access.id, access.markup_multiplier
        FROM :"target".tier_model_access AS access
        INNER JOIN :"schema".subscription_tiers AS tier ON access.tier_id = tier.id
        WHERE tier.tier_code = p_tier_code AND access.model_id = p_model_id
    ),

    done AS (
        UPDATE :"target".tier_model_access AS access SET markup_multiplier = p_markup
        FROM held
        WHERE access.id = held.id AND held.markup_multiplier <> p_markup
    )

    SELECT held.markup_multiplier FROM held;
END
