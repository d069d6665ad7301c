-- Creates the trigger function that makes grants and ledger follow a changed id. Locks the rows that it writes.
-- It notes a tier's two numbers for the statement's end, which sees the rows before and after, and not which belongs to which.
-- SECURITY DEFINER: the application may write its models and tiers, and needs no right on the grants and the ledger.
CREATE OR REPLACE FUNCTION :"ledger".sync_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
BEGIN
    IF NEW.id IS NOT DISTINCT FROM OLD.id OR to_regclass('tierflow.sync_grant') IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_ARGV[0] = 'model' THEN
        PERFORM tierflow.sync_move_model(OLD.id, NEW.id);
    ELSE
        PERFORM tierflow.sync_move_tier(OLD.id, NEW.id);
        PERFORM set_config('tierflow.moved_tiers', (
            coalesce(nullif(current_setting('tierflow.moved_tiers', true), ''), '{}')::jsonb
            || jsonb_build_object(NEW.id::text, OLD.id)
        )::text, true);
    END IF;
    RETURN NULL;
END
$$
