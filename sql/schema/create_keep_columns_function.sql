-- Creates the function that keeps the captured values true: under its flag the backup fills only its own columns and all others go back to what they were; an application's change before that captures the values it replaces. Locks nothing.
-- SECURITY DEFINER: the application changes its models, and may not write the ledger.
CREATE OR REPLACE FUNCTION :"ledger".keep_other_columns() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    access jsonb;
    markup jsonb;
BEGIN
    IF current_setting('tierflow.backing_up', true) = 'on' THEN
        access := NEW.tier_access_backup;
        markup := NEW.tier_markup_backup;
        -- not RETURN OLD: that would carry along what the row holds of dropped columns, such as the
        -- backup columns of every migration before, for ever
        SELECT OLD.* INTO NEW;
        NEW.tier_access_backup := access;
        NEW.tier_markup_backup := markup;
        RETURN NEW;
    END IF;
    IF OLD.tier_access::text IS NOT DISTINCT FROM NEW.tier_access::text
        AND OLD.tier_markup::text IS NOT DISTINCT FROM NEW.tier_markup::text
        OR OLD.tier_access_backup IS NOT NULL OR OLD.tier_markup_backup IS NOT NULL
    THEN
        RETURN NEW;
    END IF;
    IF OLD.tier_access IS NULL AND OLD.tier_markup IS NULL THEN
        INSERT INTO tierflow.null_backup (model_id) VALUES (OLD.id) ON CONFLICT (model_id) DO NOTHING;
    ELSIF NOT EXISTS (SELECT FROM tierflow.null_backup WHERE model_id = OLD.id) THEN
        NEW.tier_access_backup := OLD.tier_access;
        NEW.tier_markup_backup := OLD.tier_markup;
    END IF;
    RETURN NEW;
END
$$
