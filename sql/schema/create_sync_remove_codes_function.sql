-- Creates the function that takes codes out of the arrays of some models, whose rows the caller has locked. Writes those rows.
CREATE OR REPLACE FUNCTION :"ledger".sync_remove_codes(p_models uuid [], p_codes text []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE tierflow.sync_model AS model
    SET tier_access = (
        SELECT coalesce(jsonb_agg(item.value ORDER BY item.ordinality), '[]')
        FROM jsonb_array_elements(
            CASE jsonb_typeof(model.tier_access) WHEN 'array' THEN model.tier_access ELSE jsonb_build_array(model.tier_access) END
        ) WITH ORDINALITY AS item (value, ordinality)
        WHERE jsonb_typeof(item.value) <> 'string' OR (item.value #>> '{}') <> ALL(p_codes)
    )
    WHERE model.id = ANY(p_models) AND jsonb_typeof(model.tier_access) IN ('array', 'string') AND model.tier_access ?| p_codes;
END
$$
