-- Creates the trigger function that makes the grants follow the JSONB at the end of each statement that writes models. Locks the grants that it writes.
-- SECURITY DEFINER: the application may write its models, and needs no right on the grants, the quarantine and the rules.
-- row_security off: rows that a policy hides from the owner are an error, not access that stays though it was revoked.
CREATE OR REPLACE FUNCTION :"ledger".sync_models() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    noted text;
    models text;
BEGIN
    -- an apply worker fires row triggers only, and no foreign key
    IF TG_LEVEL = 'ROW' THEN
        IF to_regclass('tierflow.sync_grant') IS NULL THEN
            RETURN NULL;
        ELSIF TG_OP = 'DELETE' THEN
            DELETE FROM tierflow.sync_grant AS access WHERE access.model_id = OLD.id;
            DELETE FROM tierflow.quarantine AS stored WHERE stored.model_id = OLD.id;
            RETURN NULL;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
            PERFORM tierflow.sync_move_model(OLD.id, NEW.id);
        END IF;
        IF NEW.tier_access IS DISTINCT FROM OLD.tier_access OR NEW.tier_markup IS DISTINCT FROM OLD.tier_markup THEN
            PERFORM tierflow.sync_follow_jsonb(ARRAY[NEW.id]);
        END IF;
        RETURN NULL;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        models := current_setting('tierflow.noted', true);
        -- a WHEN clause would be read afresh for each statement, which costs more than to be called for nothing
        IF models <> '' AND current_setting('tierflow.syncing', true) IS DISTINCT FROM 'on' THEN
            noted := set_config('tierflow.noted', '', true);
            -- one model is what most statements write
            IF length(models) > 37 OR NOT tierflow.sync_follow_plain_jsonb(left(models, 36)::uuid) THEN
                PERFORM tierflow.sync_follow_jsonb(string_to_array(rtrim(models, ','), ',')::uuid []);
            END IF;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM tierflow.quarantine AS stored USING removed WHERE stored.model_id = removed.id;
    ELSE
        DELETE FROM tierflow.quarantine;
    END IF;
    RETURN NULL;
END
$$
