-- Creates the function that logs which models changed their tier columns; its argument is the schema of the log. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".capture_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('INSERT INTO %I.change_log (model_id, operation) VALUES ($1, $2)', TG_ARGV[0])
    USING CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END, TG_OP;
    RETURN NULL;
END
$$
