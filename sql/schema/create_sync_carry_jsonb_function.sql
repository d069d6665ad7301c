-- Creates the function that writes grants as create_sync_write_grants_function.sql does where a rule that others gave the junction table may refuse that, and returns what refused each (NULL: nothing). Locks the grants that it writes.
-- What is refused of all together is written grant by grant. A revoked one that may not be deleted is switched off, and where
-- that is refused the write fails: access must not stay on one side that the other has taken away.
CREATE OR REPLACE FUNCTION :"ledger".sync_carry_jsonb(
    p_models uuid [], p_tiers integer [], p_levels numeric [], p_grants integer []
) RETURNS text []
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    apart boolean := false;
    refusals text [] := array_fill(NULL::text, ARRAY[cardinality(p_models)]);
    n integer;
BEGIN
    BEGIN
        PERFORM tierflow.sync_write_grants(p_models, p_tiers, p_levels, p_grants);
    EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
        IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
            RAISE;
        END IF;
        apart := true;
    END;
    IF apart THEN
        FOR n IN 1 .. cardinality(p_models) LOOP
            BEGIN
                PERFORM tierflow.sync_write_grants(p_models[n:n], p_tiers[n:n], p_levels[n:n], p_grants[n:n]);
            EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
                IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                    RAISE;
                END IF;
                refusals[n] := left(SQLERRM, 500);
            END;
        END LOOP;
    END IF;
    -- a trigger may also have discarded or changed a row without a word
    FOR n IN
        SELECT wanted.n
        FROM unnest(p_models, p_tiers, p_levels) WITH ORDINALITY AS wanted (model_id, tier_id, level, n)
        LEFT JOIN tierflow.sync_grant AS access
            ON access.model_id = wanted.model_id AND access.tier_id = wanted.tier_id AND access.enabled
        WHERE access.markup_multiplier IS DISTINCT FROM wanted.level
    LOOP
        IF p_levels[n] IS NOT NULL THEN
            refusals[n] := coalesce(refusals[n], 'a trigger of tier_model_access makes something else of it');
            CONTINUE;
        END IF;
        UPDATE tierflow.sync_grant AS access SET enabled = false WHERE access.id = p_grants[n];
        IF EXISTS (SELECT FROM tierflow.sync_grant AS access WHERE access.id = p_grants[n] AND access.enabled) THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
                MESSAGE = format('grant %s of tier_model_access, which tier_access revokes, can neither be deleted nor switched off', p_grants[n]),
                DETAIL = coalesce(refusals[n], 'A trigger of tier_model_access discards it.'),
                HINT = 'Let the rule of tier_model_access pass the write.';
        END IF;
        refusals[n] := NULL;
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id) VALUES (p_models[n], p_tiers[n])
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = NULL;
    END LOOP;
    RETURN refusals;
END
$$
