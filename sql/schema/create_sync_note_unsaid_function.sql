-- Creates the function that quarantines the grants of some models that their JSONB does not say, and what refused them (NULL: the old shape). Locks the rows that it writes.
-- They stand below the model's elements, with the positions -1, -2, ...
CREATE OR REPLACE FUNCTION :"ledger".sync_note_unsaid(p_models uuid [], p_refused text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    INSERT INTO tierflow.quarantine (model_id, model_identifier, position, code, reason, value, tier_codes)
    SELECT access.model_id, model.model_id, -row_number() OVER (PARTITION BY access.model_id ORDER BY access.tier_id),
        NULL, 'not_in_jsonb',
        CASE WHEN p_refused IS NULL THEN to_jsonb(access.markup_multiplier)
            ELSE jsonb_build_object('markup', access.markup_multiplier, 'refused', left(p_refused, 500))
        END,
        ARRAY[tier.tier_code]
    FROM tierflow.sync_grant AS access
    INNER JOIN tierflow.sync_model AS model ON access.model_id = model.id
    INNER JOIN tierflow.sync_tier AS tier ON access.tier_id = tier.id
    LEFT JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied ON implied.tier_id = access.tier_id
    WHERE access.model_id = ANY(p_models) AND access.enabled AND implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier;
END
$$
