-- Creates the trigger function by which the JSONB and the rules follow the tiers. Locks the models that hold a code of theirs FOR NO KEY UPDATE.
-- A new tier's own code begins to mean it. A deleted tier takes its codes out of the arrays, and out of the tier map: its
-- number may be given again. A renamed tier keeps its old code as a legacy code, so that no access changes on either side,
-- until another tier takes that code: a tier's own code always means it, so the arrays get another code of the first one.
-- What was granted stays as the junction table has it.
-- SECURITY DEFINER: who may write tiers needs no right on the models, the grants and the rules.
-- row_security off: rows that a policy hides from the owner are an error, not access that stays though it was revoked.
CREATE OR REPLACE FUNCTION :"ledger".sync_tiers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
SET jit = off
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    ids integer [];
    gone integer [];
    begun integer [];
    olds text [];
    news text [];
    codes text [];
    dead text [];
    models uuid [];
    model uuid;
    granted uuid [];
    tiers integer [];
    levels numeric [];
    refusals text [];
    left_over uuid [];
    moved jsonb := coalesce(nullif(current_setting('tierflow.moved_tiers', true), ''), '{}');
    -- who drops the junction table with CASCADE drops this view: the tiers can still be written to
    is_apart boolean := to_regclass('tierflow.sync_grant') IS NULL;
BEGIN
    -- an apply worker fires row triggers only, and no foreign key
    IF TG_LEVEL = 'ROW' THEN
        IF TG_OP = 'DELETE' AND NOT is_apart THEN
            DELETE FROM tierflow.sync_grant AS access WHERE access.tier_id = OLD.id;
        ELSIF TG_OP = 'UPDATE' AND NEW.id <> OLD.id AND NOT is_apart THEN
            PERFORM tierflow.sync_move_tier(OLD.id, NEW.id);
        END IF;
        IF TG_OP <> 'UPDATE' OR NEW.tier_code IS DISTINCT FROM OLD.tier_code THEN
            ids := ARRAY[coalesce(NEW.id, OLD.id)];
            olds := ARRAY[OLD.tier_code];
            news := ARRAY[NEW.tier_code];
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(added.id), array_agg(added.tier_code) INTO ids, news FROM added;
    ELSIF TG_OP = 'UPDATE' THEN
        -- all renames of the statement at once: the code that one tier takes may be what another leaves
        PERFORM set_config('tierflow.moved_tiers', '', true);
        SELECT array_agg(renamed.id), array_agg(was.tier_code), array_agg(renamed.tier_code) INTO ids, olds, news
        FROM added AS renamed
        LEFT JOIN removed AS was ON coalesce((moved ->> renamed.id::text)::integer, renamed.id) = was.id
        WHERE was.tier_code IS DISTINCT FROM renamed.tier_code;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(removed.id), array_agg(removed.tier_code) INTO ids, olds FROM removed;
    ELSE
        SELECT array_agg(tier.id), array_agg(tier.tier_code) INTO ids, olds FROM tierflow.sync_tier AS tier;
    END IF;
    CASE TG_OP
        WHEN 'INSERT' THEN
            codes := news;
            SELECT array_agg(tier.id) FILTER (WHERE NOT EXISTS (
                SELECT FROM tierflow.tier_map AS map WHERE map.code = tier.code
            ))
            INTO begun
            FROM unnest(ids, news) AS tier (id, code);
            DELETE FROM tierflow.tier_map AS map WHERE map.code = ANY(codes);
        WHEN 'UPDATE' THEN
            IF news IS NULL THEN
                RETURN NULL;
            END IF;
            SELECT array_agg(tier.id) FILTER (
                WHERE NOT EXISTS (SELECT FROM tierflow.tier_map AS map WHERE map.code = tier.code)
                    AND array_position(olds, tier.code) IS NULL
            )
            INTO begun
            FROM unnest(ids, news) AS tier (id, code);
            SELECT news || coalesce(array_agg(taker.tier_code), '{}') INTO codes
            FROM tierflow.sync_tier AS taker WHERE taker.tier_code = ANY(olds);
            DELETE FROM tierflow.tier_map AS map WHERE map.code = ANY(news);
            INSERT INTO tierflow.tier_map (code, tier_id, ordinal)
            SELECT tier.was, tier.id, (SELECT coalesce(max(map.ordinal), 0) FROM tierflow.tier_map AS map) + row_number() OVER (ORDER BY tier.id)
            FROM unnest(ids, olds, news) AS tier (id, was, code)
            WHERE tier.was <> tier.code AND tier.was <> '' AND tier.was <> ALL(codes)
                AND NOT EXISTS (SELECT FROM tierflow.tier_map AS own WHERE own.code = tier.was);
            UPDATE tierflow.quarantine AS stored
            SET tier_codes = ARRAY(
                SELECT coalesce(news[array_position(olds, named.tier_code)], named.tier_code)
                FROM unnest(stored.tier_codes) WITH ORDINALITY AS named (tier_code, place)
                ORDER BY named.place
            )
            WHERE stored.tier_codes && olds;
        ELSE
            gone := ids;
            codes := olds;
            -- before the map forgets them: a code that meant these tiers alone may be the own code of another, and mean that one then
            SELECT array_agg(named.code), array_agg(named.code) FILTER (WHERE NOT EXISTS (
                SELECT FROM tierflow.tier_map AS map
                INNER JOIN tierflow.sync_tier AS tier ON map.tier_id = tier.id
                WHERE map.code = named.code AND map.tier_id <> ALL(gone)
            ))
            INTO codes, dead
            FROM (
                SELECT own.code FROM unnest(codes) AS own (code)
                WHERE NOT EXISTS (SELECT FROM tierflow.tier_map AS map WHERE map.code = own.code)
                UNION
                SELECT map.code FROM tierflow.tier_map AS map WHERE map.tier_id = ANY(gone)
            ) AS named;
            DELETE FROM tierflow.tier_map AS map WHERE map.tier_id = ANY(gone);
    END CASE;
    -- who no longer means a tier alone is not what it is written back as; then it is by its own code, until a run settles another
    DELETE FROM tierflow.write_code AS settled
    WHERE settled.tier_id = ANY(gone)
        OR NOT EXISTS (SELECT FROM tierflow.tier_code AS code WHERE code.code = settled.code AND code.tier_id = settled.tier_id)
        OR EXISTS (SELECT FROM tierflow.tier_code AS other WHERE other.code = settled.code AND other.tier_id <> settled.tier_id);
    PERFORM tierflow.sync_decision(CASE WHEN TG_OP = 'UPDATE' THEN olds END, CASE WHEN TG_OP = 'UPDATE' THEN news END);
    -- the grants of a tier that had no code of its own can be said now
    SELECT array_agg(locked.id) INTO models
    FROM (
        SELECT model.id FROM tierflow.sync_model AS model
        WHERE model.id IN (
            SELECT held.id FROM tierflow.sync_model AS held
            WHERE jsonb_typeof(held.tier_access) IN ('array', 'string') AND held.tier_access ?| codes
            UNION
            -- no index sees into a string that holds an array; nobody looks for one where none is to be parsed
            SELECT held.id FROM tierflow.sync_model AS held
            WHERE (SELECT policy.decisions ->> 'double_encoded' = 'parse' FROM tierflow.decision AS policy)
                AND jsonb_typeof(held.tier_access) = 'string' AND tierflow.access_items(held.tier_access) ?| codes
            UNION
            SELECT stored.model_id FROM tierflow.quarantine AS stored
            WHERE stored.reason = 'not_in_jsonb' AND stored.tier_codes && codes
        )
        ORDER BY model.id FOR NO KEY UPDATE
    ) AS locked;
    IF models IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('tierflow.syncing', 'on', true);
    IF gone IS NULL AND NOT is_apart THEN
        SELECT array_agg(model.id), array_agg(implied.tier_id), array_agg(implied.markup_multiplier)
        INTO granted, tiers, levels
        FROM tierflow.sync_model AS model
        CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied
        WHERE model.id = ANY(models) AND implied.tier_id = ANY(begun) AND NOT EXISTS (
            SELECT FROM tierflow.sync_grant AS access WHERE access.model_id = model.id AND access.tier_id = implied.tier_id
        );
        IF granted IS NOT NULL THEN
            refusals := tierflow.sync_carry_jsonb(granted, tiers, levels, array_fill(NULL::integer, ARRAY[cardinality(granted)]));
            -- what is refused stays in the JSONB, and is quarantined
            SELECT array_agg(refused.model_id) INTO left_over
            FROM unnest(granted, refusals) AS refused (model_id, said) WHERE refused.said IS NOT NULL;
            IF left_over IS NOT NULL THEN
                PERFORM tierflow.sync_quarantine(left_over);
                PERFORM tierflow.sync_note_refused(granted, tiers, levels, refusals);
                models := ARRAY(SELECT kept.id FROM unnest(models) AS kept (id) WHERE kept.id <> ALL(left_over));
            END IF;
        END IF;
    ELSE
        BEGIN
            PERFORM tierflow.sync_remove_codes(models, dead);
        EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
            IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                RAISE;
            END IF;
            -- a code that means nothing any more may stay where a rule of the application will have it so
            FOREACH model IN ARRAY models LOOP
                BEGIN
                    PERFORM tierflow.sync_remove_codes(ARRAY[model], dead);
                EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
                    IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                        RAISE;
                    END IF;
                    left_over := left_over || model;
                END;
            END LOOP;
        END;
    END IF;
    PERFORM set_config('tierflow.syncing', before, true);
    IF TG_OP = 'TRUNCATE' OR is_apart THEN
        PERFORM tierflow.sync_follow_jsonb(models);
    ELSE
        BEGIN
            PERFORM tierflow.sync_follow_junction(models);
        EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
            IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                RAISE;
            END IF;
            PERFORM tierflow.sync_carry_grants(models);
        END;
    END IF;
    IF gone IS NOT NULL AND left_over IS NOT NULL THEN
        PERFORM tierflow.sync_quarantine(left_over);
    END IF;
    RETURN NULL;
END
$$
