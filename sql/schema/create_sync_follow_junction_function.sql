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
    tiers integer [];
    levels numeric [];
    written uuid [];
    overruled uuid [];
    discarded boolean;
    is_left boolean := false;
    stale uuid [];
BEGIN
    PERFORM model.id FROM tierflow.sync_model AS model
    WHERE model.id = ANY(p_models) ORDER BY model.id FOR NO KEY UPDATE;
    -- a statement of its own: it sees what was committed while the one above waited
    SELECT array_agg(model_id), array_agg(tier_id), array_agg(access.markup_multiplier)
    INTO models, tiers, levels
    FROM (
        SELECT model.id AS model_id, rule.tier_id, rule.markup_multiplier
        FROM tierflow.sync_model AS model
        CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS rule
        WHERE model.id = ANY(p_models)
    ) AS implied
    FULL JOIN (
        SELECT given.* FROM tierflow.sync_grant AS given WHERE given.model_id = ANY(p_models) AND given.enabled
    ) AS access USING (model_id, tier_id)
    WHERE implied.markup_multiplier IS DISTINCT FROM access.markup_multiplier;
    IF models IS NOT NULL THEN
        PERFORM set_config('tierflow.syncing', 'on', true);
        WITH wanted AS MATERIALIZED (
            SELECT held.*, dense_rank() OVER (ORDER BY held.access, held.markups, held.tiers, held.levels) AS pair
            FROM (
                SELECT model.id, model.tier_access::text AS access, model.tier_markup::text AS markups,
                    array_agg(given.tier_id ORDER BY given.tier_id) FILTER (WHERE given.enabled) AS tiers,
                    array_agg(given.markup_multiplier ORDER BY given.tier_id) FILTER (WHERE given.enabled) AS levels
                FROM tierflow.sync_model AS model
                LEFT JOIN tierflow.sync_grant AS given ON given.model_id = model.id
                WHERE model.id = ANY(models)
                GROUP BY model.id, model.tier_access, model.tier_markup
            ) AS held
        ),

        -- each distinct value is rewritten once: the models of a bulk write have few
        said AS MATERIALIZED (
            SELECT pair.pair, rewritten.access, rewritten.markups
            FROM (SELECT DISTINCT ON (pair) * FROM wanted ORDER BY pair) AS pair
            CROSS JOIN LATERAL tierflow.sync_rewrite(pair.access::jsonb, pair.markups::jsonb, pair.tiers, pair.levels) AS rewritten
            WHERE rewritten.obstacle IS NULL
                AND (rewritten.access::text, rewritten.markups::text) IS DISTINCT FROM (pair.access, pair.markups)
        ),

        done AS (
            UPDATE tierflow.sync_model AS model
            SET tier_access = said.access, tier_markup = said.markups
            FROM wanted
            INNER JOIN said ON wanted.pair = said.pair
            WHERE model.id = wanted.id
            RETURNING model.id,
                (model.tier_access, model.tier_markup) IS NOT DISTINCT FROM (said.access, said.markups) AS is_as_said
        )

        SELECT array_agg(done.id) FILTER (WHERE done.is_as_said), array_agg(done.id) FILTER (WHERE NOT done.is_as_said),
            count(*) < (SELECT count(*) FROM wanted INNER JOIN said ON wanted.pair = said.pair)
        INTO written, overruled, discarded
        FROM done;
        IF discarded THEN
            RAISE EXCEPTION USING ERRCODE = 'triggered_action_exception',
                MESSAGE = 'a trigger of model_access_control discards the update of its tier columns';
        END IF;
        -- a BEFORE trigger of the application has the last word on its JSONB: what that grants is granted
        IF overruled IS NOT NULL THEN
            INSERT INTO tierflow.sync_grant AS access (model_id, tier_id, markup_multiplier)
            SELECT model.id, implied.tier_id, implied.markup_multiplier
            FROM tierflow.sync_model AS model
            CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied
            WHERE model.id = ANY(overruled)
            ON CONFLICT (tier_id, model_id) DO UPDATE SET enabled = true, markup_multiplier = excluded.markup_multiplier
            WHERE NOT access.enabled;
        END IF;
        PERFORM set_config('tierflow.syncing', before, true);
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier)
        SELECT agreed.model_id, agreed.tier_id, agreed.level
        FROM unnest(models, tiers, levels) AS agreed (model_id, tier_id, level)
        WHERE agreed.model_id = ANY(written) AND (agreed.level IS NULL OR agreed.level BETWEEN 0 AND 99.99)
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier;
        is_left := cardinality(written) IS DISTINCT FROM (SELECT count(DISTINCT id) FROM unnest(models) AS id)
            OR EXISTS (SELECT FROM unnest(levels) AS level WHERE level NOT BETWEEN 0 AND 99.99);
    END IF;

    -- what is written reads well, so that no element enters the quarantine; those in it may leave it, or have moved, and
    -- a grant in it may be gone
    SELECT array_agg(DISTINCT stored.model_id) INTO stale FROM tierflow.quarantine AS stored WHERE stored.model_id = ANY(p_models);
    IF stale IS NOT NULL THEN
        PERFORM tierflow.sync_quarantine(stale);
    END IF;
    IF is_left THEN
        PERFORM tierflow.sync_note_unsaid(models, NULL);
    END IF;
END
$$
