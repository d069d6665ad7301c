-- Creates the function that writes the grants of some models into their JSONB, and what the JSONB cannot say into the quarantine. Locks the models in key order FOR NO KEY UPDATE before it reads them, and writes them.
CREATE OR REPLACE FUNCTION :"ledger".sync_follow_junction(p_models uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    models uuid [];
BEGIN
    PERFORM model.id FROM tierflow.sync_model AS model
    WHERE model.id = ANY(p_models) ORDER BY model.id FOR NO KEY UPDATE;
    -- a statement of its own: it sees what was committed while the one above waited
    WITH difference AS (
        SELECT model_id, tier_id, access.markup_multiplier AS level
        FROM (
            SELECT model.id AS model_id, rule.tier_id, rule.markup_multiplier
            FROM tierflow.sync_model AS model
            CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS rule
            WHERE model.id = ANY(p_models)
        ) AS implied
        FULL JOIN (
            SELECT given.* FROM tierflow.sync_grant AS given WHERE given.model_id = ANY(p_models) AND given.enabled
        ) AS access USING (model_id, tier_id)
        WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier
    ),

    noted AS (
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier)
        SELECT difference.model_id, difference.tier_id, difference.level FROM difference
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier
    )

    SELECT array_agg(DISTINCT difference.model_id) INTO models FROM difference;
    IF models IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('tierflow.syncing', 'on', true);
    UPDATE tierflow.sync_model AS model
    SET tier_access = said.access, tier_markup = said.markups
    FROM (
        SELECT model.id, rewritten.access, rewritten.markups
        FROM tierflow.sync_model AS model
        LEFT JOIN LATERAL (
            SELECT array_agg(access.tier_id) AS tiers, array_agg(access.markup_multiplier) AS levels
            FROM tierflow.sync_grant AS access WHERE access.model_id = model.id AND access.enabled
        ) AS wanted ON true
        CROSS JOIN LATERAL tierflow.sync_rewrite(model.tier_access, model.tier_markup, wanted.tiers, wanted.levels) AS rewritten
        WHERE model.id = ANY(models) AND rewritten.obstacle IS NULL
    ) AS said
    WHERE model.id = said.id;
    PERFORM set_config('tierflow.syncing', before, true);
    PERFORM tierflow.sync_quarantine(models);
    -- grants that the JSONB does not say all the same stand below its elements, with the positions -1, -2, ...
    INSERT INTO tierflow.quarantine (model_id, model_identifier, position, code, reason, value, tier_codes)
    SELECT access.model_id, model.model_id, -row_number() OVER (PARTITION BY access.model_id ORDER BY access.tier_id),
        NULL, 'not_in_jsonb', to_jsonb(access.markup_multiplier), ARRAY[tier.tier_code]
    FROM tierflow.sync_grant AS access
    INNER JOIN tierflow.sync_model AS model ON access.model_id = model.id
    INNER JOIN tierflow.sync_tier AS tier ON access.tier_id = tier.id
    LEFT JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied ON implied.tier_id = access.tier_id
    WHERE access.model_id = ANY(models) AND access.enabled AND implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier;
END
$$
