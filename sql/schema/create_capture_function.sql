-- Creates the function that logs which models changed their tier columns, and that all were removed at once (under the id of zeros); its argument is the schema of the log. Locks nothing.
-- SECURITY DEFINER: who writes to the models need not know of the log, and may not write to it.
CREATE OR REPLACE FUNCTION :"ledger".capture_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('INSERT INTO %I.change_log (model_id, operation) VALUES ($1, $2)', TG_ARGV[0])
        USING '00000000-0000-0000-0000-000000000000'::uuid, TG_OP;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('INSERT INTO %I.change_log (model_id, operation) VALUES ($1, $2)', TG_ARGV[0])
        USING OLD.id, TG_OP;
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
        EXECUTE format('INSERT INTO %I.change_log (model_id, operation) VALUES ($1, $2)', TG_ARGV[0])
        USING NEW.id, TG_OP;
    END IF;
    RETURN NULL;
END
$$
