-- Creates the trigger function that writes into the JSONB what a statement did to the grants. Locks the models of those grants FOR NO KEY UPDATE.
-- SECURITY DEFINER: the application may write grants, and needs no right on the models, the quarantine and the rules.
CREATE OR REPLACE FUNCTION :"ledger".sync_grants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    models uuid [];
    rows bigint;
    changed boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- one grant is what most statements write
        SELECT ARRAY[was.model_id, moved.model_id],
            (was.tier_id, was.enabled, was.markup_multiplier) IS DISTINCT FROM (moved.tier_id, moved.enabled, moved.markup_multiplier),
            (SELECT count(*) FROM moved)
        INTO models, changed, rows
        FROM was
        CROSS JOIN moved;
        IF rows = 1 AND models[1] = models[2] THEN
            IF NOT changed OR tierflow.sync_follow_plain_grants(models[1]) THEN
                RETURN NULL;
            END IF;
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
            );
        END IF;
    ELSIF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(DISTINCT model_id) INTO models FROM tierflow.implied_grant;
    ELSE
        SELECT array_agg(model_id) INTO models FROM moved;
        IF cardinality(models) = 1 AND tierflow.sync_follow_plain_grants(models[1]) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF models IS NOT NULL THEN
        PERFORM tierflow.sync_follow_junction(models);
    END IF;
    RETURN NULL;
END
$$
