-- Creates the function that quarantines grants that the JSONB implies and the junction table refuses (p_refusals: what refused each, NULL: nothing). Locks the rows that it writes.
-- They stand below the model's elements, with the positions -1, -2, ...
CREATE OR REPLACE FUNCTION :"ledger".sync_note_refused(
    p_models uuid [], p_tiers integer [], p_levels numeric [], p_refusals text []
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO tierflow.quarantine (model_id, model_identifier, position, code, reason, value, tier_codes)
    SELECT refused.model_id, model.model_id, -row_number() OVER (PARTITION BY refused.model_id ORDER BY refused.tier_id),
        NULL, 'not_in_junction', jsonb_build_object('markup', refused.level, 'refused', refused.said), ARRAY[tier.tier_code]
    FROM unnest(p_models, p_tiers, p_levels, p_refusals) AS refused (model_id, tier_id, level, said)
    INNER JOIN tierflow.sync_model AS model ON refused.model_id = model.id
    INNER JOIN tierflow.sync_tier AS tier ON refused.tier_id = tier.id
    WHERE refused.said IS NOT NULL
    ON CONFLICT (model_id, position) DO UPDATE
    SET reason = excluded.reason, value = excluded.value, tier_codes = excluded.tier_codes, recorded = now();
END
$$
