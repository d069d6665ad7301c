-- Creates the function that writes the grants of some models into their JSONB where a rule of the application may refuse that. Locks those models FOR NO KEY UPDATE, in key order, and writes them.
-- What is refused of all together is written model by model, and what is refused of one model stands in the junction table
-- only, quarantined (not_in_jsonb) with what refused it. A revocation is carried over by itself then, and where that is
-- refused the write fails: access must not stay on one side that the other has taken away.
CREATE OR REPLACE FUNCTION :"ledger".sync_carry_grants(p_models uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    model uuid;
    said text;
BEGIN
    BEGIN
        PERFORM tierflow.sync_follow_grants(p_models);
        RETURN;
    EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
        IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
            RAISE;
        END IF;
        said := SQLERRM;
    END;
    FOREACH model IN ARRAY p_models LOOP
        IF cardinality(p_models) > 1 THEN
            BEGIN
                PERFORM tierflow.sync_follow_grants(ARRAY[model]);
                CONTINUE;
            EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
                IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                    RAISE;
                END IF;
                said := SQLERRM;
            END;
        END IF;
        PERFORM tierflow.sync_carry_revocations(model, said);
    END LOOP;
END
$$
