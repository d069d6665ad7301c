-- Creates the function that makes the grants and the quarantine of some models, whose rows the caller has locked, what their JSONB says. Locks the grants that it writes.
-- It notes on what both sides agree now, as a reconciliation does: a rollback tells by it which side moved later.
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
    revokes boolean;
    changes boolean;
    adds boolean;
BEGIN
    -- who drops the junction table with CASCADE drops this view: the models can still be written to
    IF to_regclass('tierflow.sync_grant') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(model_id), array_agg(tier_id), array_agg(implied.markup_multiplier), array_agg(access.id),
        bool_or(implied.markup_multiplier IS NULL), bool_or(implied.markup_multiplier IS NOT NULL AND access.id IS NOT NULL), bool_or(access.id IS NULL)
    INTO models, tiers, levels, grants, revokes, changes, adds
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
        -- most writes need one of the three, and an idle one costs as much as a lookup
        IF revokes THEN
            DELETE FROM tierflow.sync_grant AS access
            USING unnest(grants, levels) AS wanted (id, level)
            WHERE access.id = wanted.id AND wanted.level IS NULL;
        END IF;
        IF changes THEN
            UPDATE tierflow.sync_grant AS access SET markup_multiplier = wanted.level, enabled = true
            FROM unnest(grants, levels) AS wanted (id, level)
            WHERE access.id = wanted.id AND wanted.level IS NOT NULL;
        END IF;
        IF adds THEN
            INSERT INTO tierflow.sync_grant (model_id, tier_id, markup_multiplier)
            SELECT wanted.model_id, wanted.tier_id, wanted.level
            FROM unnest(models, tiers, levels, grants) AS wanted (model_id, tier_id, level, id)
            WHERE wanted.id IS NULL;
        END IF;
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier)
        SELECT agreed.model_id, agreed.tier_id, agreed.level
        FROM unnest(models, tiers, levels) AS agreed (model_id, tier_id, level)
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier;
        PERFORM set_config('tierflow.syncing', before, true);
    END IF;
    PERFORM tierflow.sync_quarantine(p_models);
END
$$
