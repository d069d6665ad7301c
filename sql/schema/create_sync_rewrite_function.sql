-- Creates the function that writes a model's grants, as the junction table has them, into its two JSON values and leaves everything else of them: tierflow/rewrite_pair.py, stated in SQL. Locks nothing.
-- Returns what it was given, with an obstacle, where the old shape cannot say these grants. The ledger's name stands in
-- the body because nobody looks for variables inside dollar quotes; only published migrations have a sync.
CREATE OR REPLACE FUNCTION :"ledger".sync_rewrite(
    p_access jsonb, p_markups jsonb, p_tiers integer [], p_levels numeric [],
    OUT access jsonb, OUT markups jsonb, OUT obstacle text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = off
AS $$
DECLARE
    items jsonb := tierflow.access_items(p_access);
    read_markups jsonb := tierflow.markup_object(p_markups);
    -- what was encoded twice is so again; a column that held nothing takes the shape of the other one
    access_twice boolean := jsonb_typeof(p_access) = 'string' AND items <> jsonb_build_array(p_access);
    markups_twice boolean := jsonb_typeof(p_markups) = 'string';
    removed bigint [];
    added jsonb;
    prices jsonb;
    lost boolean;
    uncoded boolean;
BEGIN
    access := p_access;
    markups := p_markups;
    IF items IS NULL THEN
        obstacle := 'access_not_an_array';
        RETURN;
    END IF;
    IF coalesce(jsonb_typeof(read_markups), 'null') NOT IN ('object', 'null') THEN
        obstacle := 'markups_not_an_object';
        RETURN;
    END IF;
    -- only elements that mean something are looked at: an array may hold 300,000 others, and PostgreSQL expects 100
    WITH RECURSIVE meaning AS MATERIALIZED (
        SELECT element.ordinality AS position, code.code, code.tier_id
        FROM jsonb_array_elements(items) WITH ORDINALITY AS element (value, ordinality)
        INNER JOIN tierflow.tier_code AS code
            ON code.code = CASE WHEN jsonb_typeof(element.value) = 'string' THEN element.value #>> '{}' END
    ),

    -- each tier that is granted on one side at least: `level` is the wanted markup, NULL where it is revoked; a markup
    -- that no price may be (the column takes -1 and NaN) is not written, and what stands stays
    tier AS MATERIALIZED (
        SELECT tier_id, said.level, implied.markup_multiplier IS DISTINCT FROM said.level AS changed
        FROM tierflow.implied_grants(p_access, p_markups) AS implied
        FULL JOIN unnest(p_tiers, p_levels) AS wanted (tier_id, level) USING (tier_id)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN wanted.level NOT BETWEEN 0 AND 99.99 THEN implied.markup_multiplier ELSE wanted.level END AS level
        ) AS said
        WHERE implied.tier_id IS NOT NULL OR wanted.level BETWEEN 0 AND 99.99
    ),

    -- the tiers that are changed, and all that share a code with one of them
    touched AS (
        SELECT tier.tier_id FROM tier WHERE tier.changed
        UNION
        SELECT also.tier_id
        FROM touched
        INNER JOIN meaning ON touched.tier_id = meaning.tier_id
        INNER JOIN meaning AS also ON meaning.position = also.position
    ),

    judged AS MATERIALIZED (
        SELECT meaning.position, meaning.code,
            bool_or(touched.tier_id IS NOT NULL) AS is_touched,
            CASE WHEN count(meaning.tier_id) = count(tier.level) AND min(tier.level) = max(tier.level) THEN min(tier.level) END AS level,
            bool_or(tier.tier_id IS NULL) AS quarantined
        FROM meaning
        LEFT JOIN tier ON meaning.tier_id = tier.tier_id
        LEFT JOIN touched ON meaning.tier_id = touched.tier_id
        GROUP BY meaning.position, meaning.code
    ),

    addition AS MATERIALIZED (
        SELECT tier.level,
            (SELECT named.code FROM tierflow.write_code_in_force AS named WHERE named.tier_id = tier.tier_id) AS code,
            (SELECT min(meaning.position) FROM meaning WHERE meaning.tier_id = tier.tier_id) AS position,
            own.tier_code
        FROM tier
        INNER JOIN tierflow.sync_tier AS own ON tier.tier_id = own.id
        WHERE tier.level IS NOT NULL AND NOT EXISTS (
            SELECT FROM meaning
            INNER JOIN judged ON meaning.position = judged.position
            WHERE meaning.tier_id = tier.tier_id AND (NOT judged.is_touched OR judged.level IS NOT NULL)
        )
    ),

    written AS (
        SELECT judged.code, judged.level FROM judged WHERE judged.is_touched AND judged.level IS NOT NULL
        UNION
        SELECT addition.code, addition.level FROM addition
    )

    SELECT
        (SELECT array_agg(judged.position) FROM judged WHERE judged.is_touched AND judged.level IS NULL),
        (SELECT jsonb_agg(addition.code ORDER BY addition.position, addition.tier_code) FROM addition),
        (
            SELECT jsonb_object_agg(written.code, written.level) FROM written
            WHERE written.code IS NOT NULL
                AND tierflow.usable_markup(read_markups, written.code, policy.decisions ->> 'inexact_markup' = 'round') IS DISTINCT FROM written.level
        ),
        (SELECT bool_or(judged.quarantined) FROM judged WHERE judged.is_touched AND judged.level IS NULL),
        (SELECT bool_or(addition.code IS NULL) FROM addition)
    INTO removed, added, prices, lost, uncoded
    FROM tierflow.decision AS policy;
    IF lost OR uncoded THEN
        obstacle := CASE WHEN lost THEN 'code_is_quarantined' ELSE 'tier_has_no_code' END;
        RETURN;
    END IF;
    IF removed IS NOT NULL THEN
        SELECT coalesce(jsonb_agg(element.value ORDER BY element.ordinality), '[]') INTO items
        FROM jsonb_array_elements(items) WITH ORDINALITY AS element (value, ordinality)
        WHERE NOT EXISTS (SELECT FROM unnest(removed) AS gone (position) WHERE gone.position = element.ordinality);
    END IF;
    IF removed IS NOT NULL OR added IS NOT NULL THEN
        access := items || coalesce(added, '[]');
        IF access_twice OR (markups_twice AND coalesce(p_access, 'null') = 'null') THEN
            access := to_jsonb(access::text);
            IF EXISTS (SELECT FROM tierflow.tier_code AS code WHERE code.code = access #>> '{}') THEN
                access := p_access;
                obstacle := 'array_is_a_code';
                RETURN;
            END IF;
        END IF;
    END IF;
    IF prices IS NOT NULL THEN
        markups := coalesce(nullif(read_markups, 'null'), '{}') || prices;
        IF markups_twice OR (access_twice AND coalesce(p_markups, 'null') = 'null') THEN
            markups := to_jsonb(markups::text);
        END IF;
    END IF;
END
$$
