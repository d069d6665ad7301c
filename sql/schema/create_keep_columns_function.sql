-- Creates the function that lets the backup fill its own columns and puts all others back to what they were. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".keep_other_columns() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    access jsonb := NEW.tier_access_backup;
    markup jsonb := NEW.tier_markup_backup;
BEGIN
    IF current_setting('tierflow.backing_up', true) = 'on' THEN
        -- not RETURN OLD: that would carry along what the row holds of dropped columns, such as the
        -- backup columns of every migration before, for ever
        SELECT OLD.* INTO NEW;
        NEW.tier_access_backup := access;
        NEW.tier_markup_backup := markup;
    END IF;
    RETURN NEW;
END
$$
