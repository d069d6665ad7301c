-- Creates the function that writes the changed grants of one model into its JSONB, where that is plain; returns false where it is not, and create_sync_follow_junction_function.sql must do it. Locks the model FOR NO KEY UPDATE before it reads it, and writes it.
-- Plain is what create_sync_follow_plain_jsonb_function.sql calls so; a new code is written only if it is the tier's own that
-- the old application knows it by. No two elements can then share a tier, so that each grant is written by itself.
-- It has no SET clause, which would cost what a lookup costs: its callers have fixed the search path.
CREATE OR REPLACE FUNCTION :"ledger".sync_follow_plain_grants(p_model uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    flag text;
    access jsonb;
    markups jsonb;
    stored_access jsonb;
    stored_markups jsonb;
    items jsonb;
    prices jsonb;
    plain boolean;
    tier integer;
    code text;
    stands numeric;
    level numeric;
    has_other_code boolean;
    changed_tiers integer [] := '{}';
    changed_levels numeric [] := '{}';
BEGIN
    -- it returns what was committed while it waited
    SELECT model.tier_access, model.tier_markup INTO access, markups
    FROM tierflow.sync_model AS model WHERE model.id = p_model FOR NO KEY UPDATE;
    items := coalesce(nullif(access, 'null'), '[]');
    prices := coalesce(nullif(markups, 'null'), '{}');
    IF jsonb_typeof(items) <> 'array' OR jsonb_typeof(prices) <> 'object' THEN
        RETURN false;
    END IF;
    -- a statement of its own: it sees the grants that were committed meanwhile
    -- new codes come in the order of the codes, as in create_sync_rewrite_function.sql
    FOR plain, tier, code, stands, level, has_other_code IN
        SELECT given.plain, own.id, own.tier_code, said.level, held.markup_multiplier,
            CASE WHEN said.level IS NULL THEN
                EXISTS (SELECT FROM tierflow.write_code AS settled WHERE settled.tier_id = own.id AND settled.code <> own.tier_code)
            END
        FROM (
            SELECT items - ARRAY(SELECT known.tier_code FROM tierflow.sync_tier AS known WHERE known.tier_code <> '') = '[]'
                AND NOT EXISTS (SELECT FROM tierflow.tier_map AS map WHERE items ? map.code)
                AND NOT EXISTS (SELECT FROM tierflow.quarantine AS stored WHERE stored.model_id = p_model) AS plain
            OFFSET 0
        ) AS given
        LEFT JOIN tierflow.sync_tier AS own ON true
        LEFT JOIN tierflow.sync_grant AS held ON held.model_id = p_model AND held.tier_id = own.id AND held.enabled
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN items ? own.tier_code THEN
                    CASE coalesce(jsonb_typeof(prices -> own.tier_code), '')
                        WHEN '' THEN 1.00
                        WHEN 'number' THEN (prices -> own.tier_code)::numeric
                        ELSE -1
                    END
            END AS level
        ) AS said
        WHERE said.level IS DISTINCT FROM held.markup_multiplier OR said.level < 0 OR NOT given.plain
        ORDER BY own.tier_code
    LOOP
        IF NOT plain OR has_other_code OR code = '' OR level NOT BETWEEN 0 AND 99.99
            OR stands NOT BETWEEN 0 AND 99.99 OR stands <> round(stands, 2) THEN
            RETURN false;
        END IF;
        IF level IS NULL THEN
            access := coalesce(nullif(access, 'null'), '[]') - code;
        ELSE
            IF stands IS NULL THEN
                access := coalesce(nullif(access, 'null'), '[]') || to_jsonb(code);
                -- a price that was left behind may be the right one
                IF coalesce(jsonb_typeof(prices -> code), 'number') <> 'number' THEN
                    RETURN false;
                END IF;
                stands := coalesce((prices -> code)::numeric, 1.00);
                IF stands <> round(stands, 2) THEN
                    RETURN false;
                END IF;
            END IF;
            IF stands <> level THEN
                markups := coalesce(nullif(markups, 'null'), '{}') || jsonb_build_object(code, level);
            END IF;
        END IF;
        changed_tiers := changed_tiers || tier;
        changed_levels := changed_levels || level;
    END LOOP;
    IF changed_tiers = '{}' THEN
        RETURN true;
    END IF;
    flag := set_config('tierflow.syncing', 'on', true);
    UPDATE tierflow.sync_model AS model SET tier_access = access, tier_markup = markups WHERE model.id = p_model
    RETURNING model.tier_access, model.tier_markup INTO stored_access, stored_markups;
    flag := set_config('tierflow.syncing', before, true);
    -- a BEFORE trigger of the application made something else of it
    IF stored_access IS DISTINCT FROM access OR stored_markups IS DISTINCT FROM markups THEN
        RETURN false;
    END IF;
    INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier)
    SELECT p_model, agreed.tier_id, agreed.level FROM unnest(changed_tiers, changed_levels) AS agreed (tier_id, level)
    ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier;
    RETURN true;
END
$$
