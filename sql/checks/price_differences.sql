-- Returns one row: how many offers of the view carry another markup or price than the JSONB implies. Reads only.
:head
SELECT count(*) AS differences
FROM :"schema".v_model_tier_access AS offer
LEFT JOIN :"ledger".implied_grant AS implied
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
