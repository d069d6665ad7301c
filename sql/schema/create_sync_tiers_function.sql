-- Creates the trigger function by which the JSONB and the rules follow the tiers. Locks the models that hold a code of theirs FOR NO KEY UPDATE.
-- A new tier's own code begins to mean it. A deleted tier takes its codes out of the arrays, and out of the tier map: its
-- number may be given again. A renamed tier keeps its old code as a legacy code, so that no access changes on either side.
-- SECURITY DEFINER: who may write tiers needs no right on the models, the grants and the rules.
-- row_security off: rows that a policy hides from the owner are an error, not access that stays though it was revoked.
CREATE OR REPLACE FUNCTION :"ledger".sync_tiers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET jit = off
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    gone integer [];
    codes text [];
    models uuid [];
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            SELECT array_agg(added.tier_code) INTO codes FROM added;
        WHEN 'UPDATE' THEN
            codes := ARRAY[NEW.tier_code];
            INSERT INTO tierflow.tier_map (code, tier_id, ordinal)
            SELECT OLD.tier_code, NEW.id, coalesce(max(map.ordinal), 0) + 1
            FROM tierflow.tier_map AS map
            WHERE OLD.tier_code <> ''
            HAVING OLD.tier_code <> '' AND NOT EXISTS (SELECT FROM tierflow.tier_map AS own WHERE own.code = OLD.tier_code);
            UPDATE tierflow.quarantine AS stored
            SET tier_codes = array_replace(stored.tier_codes, OLD.tier_code::text, NEW.tier_code::text)
            WHERE OLD.tier_code = ANY(stored.tier_codes);
        ELSE
            IF TG_OP = 'DELETE' THEN
                SELECT array_agg(removed.id), array_agg(removed.tier_code) INTO gone, codes FROM removed;
            ELSE
                SELECT array_agg(tier.id), array_agg(tier.tier_code) INTO gone, codes FROM tierflow.sync_tier AS tier;
            END IF;
            SELECT array_agg(named.code) INTO codes
            FROM (
                SELECT unnest(codes) AS code
                UNION
                SELECT map.code FROM tierflow.tier_map AS map WHERE map.tier_id = ANY(gone)
            ) AS named;
            DELETE FROM tierflow.tier_map AS map WHERE map.tier_id = ANY(gone);
    END CASE;
    PERFORM tierflow.sync_decision(
        CASE WHEN TG_OP = 'UPDATE' THEN OLD.tier_code END, CASE WHEN TG_OP = 'UPDATE' THEN NEW.tier_code END
    );
    SELECT array_agg(locked.id) INTO models
    FROM (
        SELECT model.id FROM tierflow.sync_model AS model
        WHERE jsonb_typeof(model.tier_access) IN ('array', 'string') AND model.tier_access ?| codes
        ORDER BY model.id FOR NO KEY UPDATE
    ) AS locked;
    IF models IS NULL THEN
        RETURN NULL;
    END IF;
    IF gone IS NOT NULL THEN
        PERFORM set_config('tierflow.syncing', 'on', true);
        UPDATE tierflow.sync_model AS model
        SET tier_access = (
            SELECT coalesce(jsonb_agg(item.value ORDER BY item.ordinality), '[]')
            FROM jsonb_array_elements(
                CASE jsonb_typeof(model.tier_access) WHEN 'array' THEN model.tier_access ELSE jsonb_build_array(model.tier_access) END
            ) WITH ORDINALITY AS item (value, ordinality)
            WHERE jsonb_typeof(item.value) <> 'string' OR (item.value #>> '{}') <> ALL(codes)
                OR EXISTS (
                    SELECT FROM tierflow.tier_code AS code
                    WHERE code.code = item.value #>> '{}' AND code.tier_id <> ALL(gone)
                )
        )
        WHERE model.id = ANY(models);
        PERFORM set_config('tierflow.syncing', before, true);
    END IF;
    PERFORM tierflow.sync_follow_jsonb(models);
    RETURN NULL;
END
$$
