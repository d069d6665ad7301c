-- Creates the trigger function that notes which models a statement writes, for the statement's end; a long list is worked off at once. Locks nothing of the application's but the grants of those models.
-- It is a string of this transaction, because a trigger that fires for some columns only is shown no transition table.
-- 200 ids: the string is copied for each row, which costs 2 microseconds at this length.
CREATE OR REPLACE FUNCTION :"ledger".sync_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    noted text;
BEGIN
    -- in a WHEN clause this would be read afresh for each statement, which costs more than to be called for nothing
    IF current_setting('tierflow.syncing', true) = 'on' OR TG_OP = 'UPDATE' AND NOT (
        NEW.tier_access IS DISTINCT FROM OLD.tier_access OR NEW.tier_markup IS DISTINCT FROM OLD.tier_markup
    ) THEN
        RETURN NULL;
    END IF;
    -- a partition that is named itself fires no trigger of the whole table's at the statement's end
    IF TG_TABLE_NAME <> 'model_access_control' THEN
        PERFORM tierflow.sync_follow_jsonb(ARRAY[NEW.id]);
        RETURN NULL;
    END IF;
    noted := coalesce(current_setting('tierflow.noted', true), '') || NEW.id || ',';
    IF length(noted) >= 200 * 37 THEN
        PERFORM tierflow.sync_follow_jsonb(string_to_array(rtrim(noted, ','), ',')::uuid []);
        noted := '';
    END IF;
    noted := set_config('tierflow.noted', noted, true);
    RETURN NULL;
END
$$
