-- Creates the function that makes the grants and the quarantine of some models, whose rows the caller has locked, what their JSONB says. Locks the grants that it writes.
-- row_security off: rows that a policy hides from the owner are an error, not access that stays though it was revoked.
CREATE OR REPLACE FUNCTION :"ledger".sync_follow_jsonb(p_models uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    models uuid [];
    tiers integer [];
    levels numeric [];
    grants integer [];
    ruled boolean;
    refusals text [];
BEGIN
    -- who drops the junction table with CASCADE drops this view: the models can still be written to
    IF to_regclass('tierflow.sync_grant') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(model_id), array_agg(tier_id), array_agg(implied.markup_multiplier), array_agg(access.id),
        tierflow.sync_is_ruled('sync_grant')
    INTO models, tiers, levels, grants, ruled
    FROM (
        SELECT model.id AS model_id, rule.tier_id, rule.markup_multiplier
        FROM tierflow.sync_model AS model
        CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS rule
        WHERE model.id = ANY(p_models)
    ) AS implied
    FULL JOIN (
        SELECT given.* FROM tierflow.sync_grant AS given WHERE given.model_id = ANY(p_models)
    ) AS access USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM CASE WHEN access.enabled THEN access.markup_multiplier END;
    IF models IS NOT NULL THEN
        PERFORM set_config('tierflow.syncing', 'on', true);
        IF ruled THEN
            refusals := tierflow.sync_carry_jsonb(models, tiers, levels, grants);
        ELSE
            PERFORM tierflow.sync_write_grants(models, tiers, levels, grants);
        END IF;
        PERFORM set_config('tierflow.syncing', before, true);
    END IF;
    PERFORM tierflow.sync_quarantine(p_models);
    IF array_remove(refusals, NULL) <> '{}' THEN
        PERFORM tierflow.sync_note_refused(models, tiers, levels, refusals);
    END IF;
END
$$
