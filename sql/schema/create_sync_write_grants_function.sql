-- Creates the function that writes the grants that are not what the JSONB says: one without a level goes, one without a number is new. Locks the grants that it writes.
-- It notes on what both sides agree now, as a reconciliation does: a rollback tells by it which side moved later.
CREATE OR REPLACE FUNCTION :"ledger".sync_write_grants(
    p_models uuid [], p_tiers integer [], p_levels numeric [], p_grants integer []
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    revokes boolean;
    changes boolean;
    adds boolean;
BEGIN
    SELECT bool_or(level IS NULL), bool_or(level IS NOT NULL AND id IS NOT NULL), bool_or(id IS NULL)
    INTO revokes, changes, adds
    FROM unnest(p_levels, p_grants) AS wanted (level, id);
    -- most writes need one of the three, and an idle one costs as much as a lookup
    IF revokes THEN
        DELETE FROM tierflow.sync_grant AS access
        USING unnest(p_grants, p_levels) AS wanted (id, level)
        WHERE access.id = wanted.id AND wanted.level IS NULL;
    END IF;
    IF changes THEN
        UPDATE tierflow.sync_grant AS access SET markup_multiplier = wanted.level, enabled = true
        FROM unnest(p_grants, p_levels) AS wanted (id, level)
        WHERE access.id = wanted.id AND wanted.level IS NOT NULL;
    END IF;
    IF adds THEN
        INSERT INTO tierflow.sync_grant (model_id, tier_id, markup_multiplier)
        SELECT wanted.model_id, wanted.tier_id, wanted.level
        FROM unnest(p_models, p_tiers, p_levels, p_grants) AS wanted (model_id, tier_id, level, id)
        WHERE wanted.id IS NULL;
    END IF;
    INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier)
    SELECT agreed.model_id, agreed.tier_id, agreed.level
    FROM unnest(p_models, p_tiers, p_levels) AS agreed (model_id, tier_id, level)
    ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier;
END
$$
