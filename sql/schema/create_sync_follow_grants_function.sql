-- Creates the function that writes the grants of some models into their JSONB, one after the other in the order given, each in the shorter of two ways. Locks those models FOR NO KEY UPDATE, and writes them.
-- It has no SET clause, which would cost what a lookup costs: its callers have fixed the search path.
CREATE OR REPLACE FUNCTION :"ledger".sync_follow_grants(p_models uuid []) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    model uuid;
    others uuid [] := '{}';
BEGIN
    FOREACH model IN ARRAY p_models LOOP
        IF NOT tierflow.sync_follow_plain_grants(model) THEN
            others := others || model;
        END IF;
    END LOOP;
    IF others <> '{}' THEN
        PERFORM tierflow.sync_follow_junction(others);
    END IF;
END
$$
