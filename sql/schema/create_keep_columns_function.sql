-- Creates the function that lets the backup fill only its own columns: under its flag, all others go back to what they were. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".keep_other_columns() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('tierflow.backing_up', true) = 'on' THEN
        OLD.tier_access_backup := NEW.tier_access_backup;
        OLD.tier_markup_backup := NEW.tier_markup_backup;
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$
