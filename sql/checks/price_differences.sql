-- Returns one row: how many offers of the view carry another markup or price than the JSONB implies; under `whole` of all models, else of the given ones. Reads only.
:head
SELECT count(*) AS differences
FROM (
    SELECT * FROM :"schema".v_model_tier_access
    WHERE :'whole' OR model_id = ANY(:'models'::uuid [])
) AS offer
LEFT JOIN (
    SELECT * FROM :"ledger".implied_grant
    WHERE :'whole' OR model_id = ANY(:'models'::uuid [])
) AS implied
    ON offer.model_id = implied.model_id AND offer.tier_id = implied.tier_id
WHERE implied.markup_multiplier IS DISTINCT FROM offer.markup_multiplier
    OR (
        jsonb_typeof(offer.base_pricing -> 'input_per_1k') = 'number'
        AND (offer.effective_pricing ->> 'input_per_1k')::numeric
        <> (offer.base_pricing ->> 'input_per_1k')::numeric * implied.markup_multiplier
    )
    OR (
        jsonb_typeof(offer.base_pricing -> 'output_per_1k') = 'number'
        AND (offer.effective_pricing ->> 'output_per_1k')::numeric
        <> (offer.base_pricing ->> 'output_per_1k')::numeric * implied.markup_multiplier
    )
