-- Creates the trigger function that writes into the JSONB what a statement did to the grants. Locks the models of those grants FOR NO KEY UPDATE.
-- SECURITY DEFINER: the application may write grants, and needs no right on the models, the quarantine and the rules.
-- row_security off: rows that a policy hides from the owner are an error, not access that stays though it was revoked.
CREATE OR REPLACE FUNCTION :"ledger".sync_grants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    models uuid [];
    rows bigint;
    changed boolean;
    ruled boolean := true;
BEGIN
    -- an apply worker fires row triggers only
    IF TG_LEVEL = 'ROW' THEN
        IF (OLD.model_id, OLD.tier_id, OLD.enabled, OLD.markup_multiplier)
            IS DISTINCT FROM (NEW.model_id, NEW.tier_id, NEW.enabled, NEW.markup_multiplier) THEN
            SELECT array_agg(DISTINCT model_id) INTO models
            FROM unnest(ARRAY[OLD.model_id, NEW.model_id]) AS model_id
            WHERE model_id IS NOT NULL;
            PERFORM tierflow.sync_carry_grants(models);
        END IF;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        -- one grant is what most statements write
        SELECT ARRAY[was.model_id, moved.model_id],
            (was.model_id, was.tier_id, was.enabled, was.markup_multiplier)
            IS DISTINCT FROM (moved.model_id, moved.tier_id, moved.enabled, moved.markup_multiplier),
            (SELECT count(*) FROM moved), tierflow.sync_is_ruled('sync_model')
        INTO models, changed, rows, ruled
        FROM was
        CROSS JOIN moved
        LEFT JOIN tierflow.sync_model AS asked ON false;
        IF rows = 1 THEN
            IF NOT changed THEN
                RETURN NULL;
            END IF;
            models := CASE
                WHEN models[1] = models[2] THEN models[:1]
                WHEN models[1] > models[2] THEN ARRAY[models[2], models[1]]
                ELSE models
            END;
        ELSIF rows > 1 THEN
            SELECT array_agg(DISTINCT model_id) INTO models
            FROM (
                SELECT id, model_id, tier_id, enabled, markup_multiplier FROM was
                UNION ALL
                SELECT id, model_id, tier_id, enabled, markup_multiplier FROM moved
            ) AS version
            WHERE id IN (
                SELECT id
                FROM was
                FULL JOIN moved USING (id)
                WHERE (was.model_id, was.tier_id, was.enabled, was.markup_multiplier)
                    IS DISTINCT FROM (moved.model_id, moved.tier_id, moved.enabled, moved.markup_multiplier)
                    -- a key has followed its model or tier: no side said anything, and all models of a tier would be locked
                    AND NOT (
                        (was.enabled, was.markup_multiplier) IS NOT DISTINCT FROM (moved.enabled, moved.markup_multiplier)
                        AND (
                            NOT EXISTS (SELECT FROM tierflow.sync_tier AS tier WHERE tier.id = was.tier_id)
                            OR NOT EXISTS (SELECT FROM tierflow.sync_model AS model WHERE model.id = was.model_id)
                        )
                    )
            );
        END IF;
    ELSIF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(named.model_id) INTO models
        FROM (
            SELECT implied.model_id FROM tierflow.implied_grant AS implied
            UNION
            SELECT stored.model_id FROM tierflow.quarantine AS stored WHERE stored.reason = 'not_in_jsonb'
        ) AS named;
    ELSE
        SELECT array_agg(DISTINCT moved.model_id), tierflow.sync_is_ruled('sync_model')
        INTO models, ruled
        FROM moved
        LEFT JOIN tierflow.sync_model AS asked ON false;
    END IF;
    -- in key order, as every writer of several models locks them
    IF models IS NULL THEN
        RETURN NULL;
    ELSIF ruled THEN
        PERFORM tierflow.sync_carry_grants(models);
    ELSE
        PERFORM tierflow.sync_follow_grants(models);
    END IF;
    RETURN NULL;
END
$$
