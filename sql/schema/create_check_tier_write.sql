-- Creates the function that refuses a write of unknown tiers or models, or of a markup that cannot be stored, and locks its models. Locks nothing.
-- The models are locked in key order, FOR NO KEY UPDATE, as a writer of their JSONB does: what a caller reads in its next
-- statement stays so until its commit, and it cannot meet a deadlock with the sync.
CREATE OR REPLACE FUNCTION :"schema".check_tier_write(p_tier_codes text [], p_model_ids uuid [], p_markup numeric) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT :"schema".raise_tier_error(
        '22004',
        CASE
            WHEN p_tier_codes IS NULL THEN 'The tiers are NULL.'
            WHEN p_model_ids IS NULL THEN 'The models are NULL.'
            ELSE 'One of the tiers or models is NULL.'
        END,
        'Nothing was changed.',
        'Give a value for each; an empty array is allowed.'
    )
    WHERE p_tier_codes IS NULL OR p_model_ids IS NULL
        OR array_position(p_tier_codes, NULL) IS NOT NULL OR array_position(p_model_ids, NULL) IS NOT NULL;

    SELECT :"schema".raise_tier_error(
        '22023',
        format('A markup of %s cannot be stored.', p_markup),
        'A markup is a number from 0 to 99.99 with at most two decimals. Nothing was changed.',
        'Round it where it comes from: nothing is guessed about a price.'
    )
    WHERE NOT (p_markup >= 0 AND p_markup <= 99.99 AND p_markup = round(p_markup, 2));

    SELECT :"schema".raise_tier_error(
        'P0002',
        CASE count(*) WHEN 1 THEN format('There is no tier %s.', min(unknown.code))
            ELSE format('There are no tiers %s.', string_agg(unknown.code, ', ' ORDER BY unknown.code)) END,
        format('The tiers are: %s. Nothing was changed.', (
            SELECT string_agg(quote_ident(tier.tier_code), ', ' ORDER BY tier.sort_order, tier.id) FROM :"schema".subscription_tiers AS tier
        )),
        'Give the tier_code of a row of subscription_tiers; upper and lower case differ.'
    )
    FROM (
        SELECT DISTINCT quote_literal(asked.code) AS code
        FROM unnest(p_tier_codes) AS asked (code)
        WHERE NOT EXISTS (SELECT FROM :"schema".subscription_tiers AS tier WHERE tier.tier_code = asked.code)
    ) AS unknown
    HAVING count(*) > 0;

    SELECT model.id FROM :"schema".model_access_control AS model
    WHERE model.id = ANY(p_model_ids) ORDER BY model.id FOR NO KEY UPDATE;

    SELECT :"schema".raise_tier_error(
        'P0002',
        CASE count(*) WHEN 1 THEN format('There is no model %s.', min(unknown.id::text))
            ELSE format('There are no models for %s of the ids.', count(*)) END,
        format('Unknown: %s. Nothing was changed.', string_agg(unknown.id::text, ', ' ORDER BY unknown.id) FILTER (WHERE unknown.place <= 10)
            || CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END),
        'Give the id (uuid) of a row of model_access_control, not its model_id.'
    )
    FROM (
        SELECT asked.id, row_number() OVER (ORDER BY asked.id) AS place
        FROM (SELECT DISTINCT id FROM unnest(p_model_ids) AS id) AS asked
        WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = asked.id)
    ) AS unknown
    HAVING count(*) > 0;
END
