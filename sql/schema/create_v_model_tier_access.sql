-- Creates the compatibility view: enabled models with their enabled grants, priced for the tier. Takes ACCESS SHARE.
-- A price that is not a JSON number is passed through as it stands: nothing is guessed about a price.
CREATE OR REPLACE VIEW :"schema".v_model_tier_access AS
SELECT
    model.id AS model_id,
    model.model_id AS model_identifier,
    model.provider,
    model.display_name,
    model.pricing AS base_pricing,
    tier.id AS tier_id,
    tier.tier_code,
    tier.tier_name,
    access.markup_multiplier,
    access.enabled,
    CASE
        WHEN jsonb_typeof(model.pricing) = 'object' THEN
            model.pricing
            || CASE WHEN jsonb_typeof(model.pricing -> 'input_per_1k') = 'number'
                THEN jsonb_build_object('input_per_1k', (model.pricing ->> 'input_per_1k')::numeric * access.markup_multiplier)
                ELSE '{}' END
            || CASE WHEN jsonb_typeof(model.pricing -> 'output_per_1k') = 'number'
                THEN jsonb_build_object('output_per_1k', (model.pricing ->> 'output_per_1k')::numeric * access.markup_multiplier)
                ELSE '{}' END
        ELSE model.pricing
    END AS effective_pricing,
    access.created_at,
    access.updated_at
FROM :"target".tier_model_access AS access
INNER JOIN :"schema".model_access_control AS model ON access.model_id = model.id
INNER JOIN :"schema".subscription_tiers AS tier ON access.tier_id = tier.id
WHERE access.enabled AND model.enabled
