-- Creates the function that lets a restore write the tier columns (and, told so, the captured values) and puts every other column back to what it was. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".keep_all_but_tiers() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('tierflow.restoring', true) IS DISTINCT FROM 'on' THEN
        RETURN NEW;
    END IF;
    OLD.tier_access := NEW.tier_access;
    OLD.tier_markup := NEW.tier_markup;
    IF TG_ARGV[0] = 'captured' THEN
        OLD.tier_access_backup := NEW.tier_access_backup;
        OLD.tier_markup_backup := NEW.tier_markup_backup;
    END IF;
    RETURN OLD;
END
$$
