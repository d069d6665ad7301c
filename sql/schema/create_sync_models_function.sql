-- Creates the trigger function that makes the grants follow the JSONB at the end of each statement that writes models. Locks the grants that it writes.
-- SECURITY DEFINER: the application may write its models, and needs no right on the grants, the quarantine and the rules.
CREATE OR REPLACE FUNCTION :"ledger".sync_models() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    noted text := current_setting('tierflow.noted', true);
BEGIN
    CASE TG_OP
        WHEN 'DELETE' THEN
            DELETE FROM tierflow.quarantine AS stored USING removed WHERE stored.model_id = removed.id;
        WHEN 'TRUNCATE' THEN
            DELETE FROM tierflow.quarantine;
        ELSE
            IF noted <> '' THEN
                PERFORM set_config('tierflow.noted', '', true);
                PERFORM tierflow.sync_follow_jsonb(string_to_array(rtrim(noted, ','), ',')::uuid []);
            END IF;
    END CASE;
    RETURN NULL;
END
$$
