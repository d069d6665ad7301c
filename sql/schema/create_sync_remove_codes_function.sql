-- Creates the function that takes codes out of the arrays of some models, whose rows the caller has locked. Writes those rows.
CREATE OR REPLACE FUNCTION :"ledger".sync_remove_codes(p_models uuid [], p_codes text []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE tierflow.sync_model AS model
    SET tier_access = CASE
        WHEN jsonb_typeof(model.tier_access) = 'string' AND held.items <> jsonb_build_array(model.tier_access) THEN to_jsonb(held.kept::text)
        ELSE held.kept
    END
    FROM (
        SELECT stored.id, read.items, (
            SELECT coalesce(jsonb_agg(item.value ORDER BY item.ordinality), '[]')
            FROM jsonb_array_elements(read.items) WITH ORDINALITY AS item (value, ordinality)
            WHERE jsonb_typeof(item.value) <> 'string' OR (item.value #>> '{}') <> ALL(p_codes)
        ) AS kept
        FROM tierflow.sync_model AS stored
        CROSS JOIN LATERAL (SELECT tierflow.access_items(stored.tier_access) AS items OFFSET 0) AS read
        WHERE stored.id = ANY(p_models) AND read.items ?| p_codes
    ) AS held
    WHERE model.id = held.id;
END
$$
