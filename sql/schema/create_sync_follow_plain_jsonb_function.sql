-- Creates the function that makes the grants of one model, whose row the caller has locked, what its JSONB says, where that is plain; returns false where it is not, and create_sync_follow_jsonb_function.sql must do it. Locks the grants that it writes.
-- Plain is an array of tiers' own codes, none of which the tier map gives another meaning, with numbers for prices, of a
-- model that has nothing in quarantine: no two elements can then mean one tier, so that each tier is judged by itself.
-- It has no SET clause, which would cost what a lookup costs: its callers have fixed the search path.
CREATE OR REPLACE FUNCTION :"ledger".sync_follow_plain_jsonb(p_model uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    flag text;
    plain boolean;
    ruled boolean;
    tier integer;
    grant_id integer;
    level numeric;
BEGIN
    -- who drops the junction table with CASCADE drops this view: the models can still be written to
    IF to_regclass('tierflow.sync_grant') IS NULL THEN
        RETURN true;
    END IF;
    -- a price that is no number is -1 here, and not equal to anything that stands
    FOR plain, ruled, tier, grant_id, level IN
        SELECT model.plain, tierflow.sync_is_ruled('sync_grant'), own.id, access.id, said.level
        FROM (
            SELECT held.tier_access, held.tier_markup,
                CASE coalesce(jsonb_typeof(held.tier_access), 'null')
                    WHEN 'array' THEN
                        held.tier_access - ARRAY(SELECT known.tier_code FROM tierflow.sync_tier AS known WHERE known.tier_code <> '') = '[]'
                        AND NOT EXISTS (SELECT FROM tierflow.tier_map AS map WHERE held.tier_access ? map.code)
                    ELSE coalesce(jsonb_typeof(held.tier_access), 'null') = 'null'
                END
                AND coalesce(jsonb_typeof(held.tier_markup), 'null') IN ('object', 'null')
                AND NOT EXISTS (SELECT FROM tierflow.quarantine AS stored WHERE stored.model_id = p_model) AS plain
            FROM tierflow.sync_model AS held
            WHERE held.id = p_model
            OFFSET 0
        ) AS model
        LEFT JOIN tierflow.sync_tier AS own ON true
        LEFT JOIN tierflow.sync_grant AS access ON access.model_id = p_model AND access.tier_id = own.id
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN model.tier_access ? own.tier_code THEN
                    CASE coalesce(jsonb_typeof(model.tier_markup -> own.tier_code), '')
                        WHEN '' THEN 1.00
                        WHEN 'number' THEN (model.tier_markup -> own.tier_code)::numeric
                        ELSE -1
                    END
            END AS level
        ) AS said
        WHERE said.level IS DISTINCT FROM CASE WHEN access.enabled THEN access.markup_multiplier END
            OR said.level < 0 OR NOT model.plain
    LOOP
        IF NOT plain OR ruled OR level NOT BETWEEN 0 AND 99.99 OR level <> round(level, 2) THEN
            RETURN false;
        END IF;
        flag := set_config('tierflow.syncing', 'on', true);
        IF level IS NULL THEN
            DELETE FROM tierflow.sync_grant AS access WHERE access.id = grant_id;
        ELSIF grant_id IS NOT NULL THEN
            UPDATE tierflow.sync_grant AS access SET markup_multiplier = level, enabled = true WHERE access.id = grant_id;
        ELSE
            INSERT INTO tierflow.sync_grant (model_id, tier_id, markup_multiplier) VALUES (p_model, tier, level);
        END IF;
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id, markup_multiplier) VALUES (p_model, tier, level)
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = excluded.markup_multiplier;
        flag := set_config('tierflow.syncing', before, true);
    END LOOP;
    RETURN true;
END
$$
