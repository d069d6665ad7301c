-- Creates the function that makes the quarantine of some models what their JSONB says now: tierflow/read_pair.py, stated in SQL. Locks the rows that it writes.
CREATE OR REPLACE FUNCTION :"ledger".sync_quarantine(p_models uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    suspects uuid [];
BEGIN
    -- most models have nothing to hide, and this finds it out in a fraction of the time
    SELECT array_agg(model.id) INTO suspects
    FROM tierflow.decision AS policy
    CROSS JOIN tierflow.sync_model AS model
    CROSS JOIN LATERAL (
        SELECT bool_or(code.tier_id IS NULL OR usable.markup IS NULL) AS unread,
            count(DISTINCT (code.tier_id, usable.markup)) > count(DISTINCT code.tier_id) AS torn
        FROM jsonb_array_elements(
            CASE jsonb_typeof(model.tier_access) WHEN 'array' THEN model.tier_access ELSE jsonb_build_array(model.tier_access) END
        ) AS element (value)
        LEFT JOIN tierflow.tier_code AS code
            ON code.code = CASE WHEN jsonb_typeof(element.value) = 'string' THEN element.value #>> '{}' END
        CROSS JOIN LATERAL (
            SELECT tierflow.usable_markup(model.tier_markup, code.code, policy.decisions ->> 'inexact_markup' = 'round') AS markup
        ) AS usable
    ) AS found
    WHERE model.id = ANY(p_models) AND coalesce(jsonb_typeof(model.tier_access), 'null') <> 'null' AND (found.unread OR found.torn);
    IF suspects IS NULL THEN
        DELETE FROM tierflow.quarantine AS stored WHERE stored.model_id = ANY(p_models);
        RETURN;
    END IF;

    WITH policy AS (
        SELECT decisions,
            decisions ->> 'markup_conflict' IN ('lowest', 'highest') AS settles_conflicts,
            decisions ->> 'inexact_markup' = 'round' AS rounds
        FROM tierflow.decision
    ),

    listed AS (
        SELECT model.id AS model_id, model.model_id AS identifier,
            nullif(model.tier_markup, 'null') AS markups,
            jsonb_typeof(model.tier_access) NOT IN ('array', 'string') AS is_no_array,
            item.ordinality AS position,
            item.value,
            CASE WHEN jsonb_typeof(item.value) = 'string' THEN item.value #>> '{}' END AS code
        FROM tierflow.sync_model AS model
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(model.tier_access) WHEN 'array' THEN model.tier_access ELSE jsonb_build_array(model.tier_access) END
        ) WITH ORDINALITY AS item (value, ordinality)
        WHERE model.id = ANY(suspects)
    ),

    counted AS (
        SELECT listed.*, row_number() OVER (PARTITION BY model_id, code ORDER BY position) > 1 AS seen
        FROM listed
    ),

    read AS MATERIALIZED (
        SELECT counted.*,
            accepted.tier_ids,
            accepted.tier_codes,
            CASE WHEN jsonb_typeof(counted.markups) = 'object' THEN counted.markups -> counted.code END AS raw,
            tierflow.usable_markup(counted.markups, counted.code, policy.rounds) AS markup
        FROM counted
        CROSS JOIN policy
        LEFT JOIN LATERAL (
            SELECT array_agg(tier.id ORDER BY place.ordinality, tier.id) AS tier_ids,
                array_agg(tier.tier_code ORDER BY place.ordinality, tier.id) AS tier_codes
            FROM tierflow.tier_code AS code
            INNER JOIN tierflow.sync_tier AS tier ON code.tier_id = tier.id
            LEFT JOIN LATERAL jsonb_array_elements_text(policy.decisions #> ARRAY['tier_map', code.code])
                WITH ORDINALITY AS place (tier_code, ordinality) ON place.tier_code = tier.tier_code
            WHERE code.code = counted.code AND NOT counted.seen
        ) AS accepted ON true
    ),

    offer AS MATERIALIZED (
        SELECT read.model_id, read.position, read.code, read.markup, named.tier_id, named.tier_code, named.place
        FROM read
        CROSS JOIN LATERAL unnest(read.tier_ids, read.tier_codes) WITH ORDINALITY AS named (tier_id, tier_code, place)
        WHERE read.markup IS NOT NULL
    ),

    refusal AS MATERIALIZED (
        SELECT model_id, tier_id, jsonb_object_agg(code, markup::text) AS offers
        FROM offer
        GROUP BY model_id, tier_id
        HAVING min(markup) <> max(markup) AND NOT (SELECT settles_conflicts FROM policy)
    ),

    verdict AS (
        SELECT offer.model_id, offer.position, array_agg(offer.tier_code ORDER BY offer.place) AS refused
        FROM offer
        INNER JOIN refusal ON offer.model_id = refusal.model_id AND offer.tier_id = refusal.tier_id
        GROUP BY offer.model_id, offer.position
    ),

    judged AS (
        SELECT read.*, verdict.refused,
            CASE
                WHEN read.is_no_array THEN 'access_not_an_array'
                WHEN read.code IS NULL THEN 'element_not_a_string'
                WHEN read.code = '' THEN 'empty_code'
                WHEN read.seen THEN NULL
                WHEN read.tier_ids IS NULL THEN 'unknown_tier'
                WHEN verdict.refused IS NOT NULL THEN 'markup_conflict'
                WHEN read.markup IS NOT NULL THEN NULL
                WHEN jsonb_typeof(read.markups) <> 'object' THEN 'markups_not_an_object'
                WHEN tierflow.markup_number(read.raw) IS NULL THEN 'markup_not_a_number'
                WHEN tierflow.markup_number(read.raw) < 0 THEN 'markup_negative'
                WHEN tierflow.markup_number(read.raw) > 99.99 THEN 'markup_too_high'
                ELSE 'markup_inexact'
            END AS reason
        FROM read
        LEFT JOIN verdict ON read.model_id = verdict.model_id AND read.position = verdict.position
    ),

    wanted AS MATERIALIZED (
        SELECT judged.model_id, judged.identifier, judged.position::integer AS position,
            CASE WHEN NOT judged.is_no_array THEN judged.code END AS code,
            judged.reason,
            CASE judged.reason
                WHEN 'markups_not_an_object' THEN judged.markups
                WHEN 'markup_conflict' THEN (
                    SELECT jsonb_object_agg(offered.key, offered.value)
                    FROM offer
                    INNER JOIN refusal ON offer.model_id = refusal.model_id AND offer.tier_id = refusal.tier_id
                    CROSS JOIN LATERAL jsonb_each(refusal.offers) AS offered
                    WHERE offer.model_id = judged.model_id AND offer.position = judged.position
                )
                ELSE coalesce(CASE WHEN judged.reason LIKE 'markup%' THEN judged.raw END, judged.value)
            END AS value,
            coalesce(CASE WHEN judged.reason = 'markup_conflict' THEN judged.refused ELSE judged.tier_codes END, '{}') AS tier_codes
        FROM judged
        WHERE judged.reason IS NOT NULL
    ),

    forgotten AS (
        DELETE FROM tierflow.quarantine AS stored
        WHERE stored.model_id = ANY(p_models) AND NOT EXISTS (
            SELECT FROM wanted WHERE wanted.model_id = stored.model_id AND wanted.position = stored.position
        )
    )

    INSERT INTO tierflow.quarantine AS stored (model_id, model_identifier, position, code, reason, value, tier_codes)
    SELECT model_id, identifier, position, code, reason, value, tier_codes FROM wanted
    ON CONFLICT (model_id, position) DO UPDATE
    SET model_identifier = excluded.model_identifier, code = excluded.code, reason = excluded.reason,
        value = excluded.value, tier_codes = excluded.tier_codes, recorded = now()
    WHERE (stored.code, stored.reason, stored.value, stored.tier_codes)
        IS DISTINCT FROM (excluded.code, excluded.reason, excluded.value, excluded.tier_codes);
END
$$
