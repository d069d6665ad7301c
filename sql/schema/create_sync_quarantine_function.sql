-- Creates the function that makes the quarantine of some models what their JSONB says now: tierflow/read_pair.py, stated in SQL. Locks the rows that it writes.
-- An array may hold 300,000 elements, and PostgreSQL expects 100 of any: what is joined by loops did not end in 9 minutes. Nor is
-- a value unpacked more than once (#> '{}'): a large one is stored compressed.
CREATE OR REPLACE FUNCTION :"ledger".sync_quarantine(p_models uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = off
AS $$
DECLARE
    suspects uuid [];
BEGIN
    -- most models have nothing to hide, and this finds it out in a fraction of the time
    SELECT array_agg(model.id) INTO suspects
    FROM tierflow.decision AS policy
    CROSS JOIN (
        SELECT held.id, tierflow.access_items(held.tier_access) AS items, tierflow.markup_object(held.tier_markup) #> '{}' AS markups
        FROM tierflow.sync_model AS held
        WHERE held.id = ANY(p_models)
        OFFSET 0
    ) AS model
    CROSS JOIN LATERAL (
        SELECT bool_or(code.tier_id IS NULL OR usable.markup IS NULL) AS unread,
            count(DISTINCT (code.tier_id, usable.markup)) > count(DISTINCT code.tier_id) AS torn
        FROM jsonb_array_elements(model.items) AS element (value)
        LEFT JOIN tierflow.tier_code AS code
            ON code.code = CASE WHEN jsonb_typeof(element.value) = 'string' THEN element.value #>> '{}' END
        CROSS JOIN LATERAL (
            SELECT tierflow.usable_markup(model.markups, code.code, policy.decisions ->> 'inexact_markup' = 'round') AS markup
        ) AS usable
    ) AS found
    WHERE model.items IS NULL OR found.unread OR found.torn;
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

    model AS MATERIALIZED (
        SELECT policy.rounds, held.model_id, held.identifier, held.items IS NULL AS is_unreadable, held.access, held.items,
            nullif(held.markups, 'null') AS markups,
            CASE WHEN held.items IS NULL AND tierflow.held_json(held.access, 'array') IS NOT NULL THEN 'access_double_encoded'
                ELSE 'access_not_an_array'
            END AS access_reason,
            CASE WHEN tierflow.held_json(held.markups, 'object') IS NOT NULL THEN 'markups_double_encoded'
                ELSE 'markups_not_an_object'
            END AS markups_reason,
            -- beside each element of its model: what is long is said by its length
            CASE WHEN jsonb_typeof(held.markups) = 'object' THEN NULL
                WHEN length(held.markups::text) > 1000 THEN to_jsonb(format('(%s characters)', length(held.markups::text)))
                ELSE held.markups
            END AS shown_markups
        FROM policy
        CROSS JOIN (
            SELECT given.id AS model_id, given.model_id AS identifier, given.tier_access AS access,
                tierflow.access_items(given.tier_access) AS items,
                tierflow.markup_object(given.tier_markup) #> '{}' AS markups
            FROM tierflow.sync_model AS given
            WHERE given.id = ANY(suspects)
            OFFSET 0
        ) AS held
    ),

    -- the markup of each element is read before it is joined to anything: else all the markups are stored beside it
    listed AS MATERIALIZED (
        SELECT model.model_id, item.ordinality AS position, item.value, named.code,
            CASE WHEN jsonb_typeof(model.markups) = 'object' THEN model.markups -> named.code END AS raw,
            tierflow.usable_markup(model.markups, named.code, model.rounds) AS markup
        FROM model
        CROSS JOIN LATERAL jsonb_array_elements(coalesce(model.items, jsonb_build_array(model.access)))
            WITH ORDINALITY AS item (value, ordinality)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_typeof(item.value) = 'string' AND NOT model.is_unreadable THEN item.value #>> '{}' END AS code
        ) AS named
    ),

    counted AS (
        SELECT listed.*, row_number() OVER (PARTITION BY model_id, code ORDER BY position) > 1 AS seen
        FROM listed
    ),

    accepted AS MATERIALIZED (
        SELECT code.code,
            array_agg(tier.id ORDER BY place.ordinality, tier.id) AS tier_ids,
            array_agg(tier.tier_code ORDER BY place.ordinality, tier.id) AS tier_codes
        FROM policy
        CROSS JOIN tierflow.tier_code AS code
        INNER JOIN tierflow.sync_tier AS tier ON code.tier_id = tier.id
        LEFT JOIN LATERAL jsonb_array_elements_text(policy.decisions #> ARRAY['tier_map', code.code])
            WITH ORDINALITY AS place (tier_code, ordinality) ON place.tier_code = tier.tier_code
        WHERE code.code IN (SELECT listed.code FROM listed)
        GROUP BY code.code
    ),

    read AS MATERIALIZED (
        SELECT counted.*, accepted.tier_ids, accepted.tier_codes
        FROM counted
        LEFT JOIN accepted ON counted.code = accepted.code AND NOT counted.seen
    ),

    offer AS MATERIALIZED (
        SELECT read.model_id, read.position, read.code, read.markup, named.tier_id, named.tier_code, named.place,
            row_number() OVER (PARTITION BY read.model_id, named.tier_id ORDER BY read.position) AS ordinal
        FROM read
        CROSS JOIN LATERAL unnest(read.tier_ids, read.tier_codes) WITH ORDINALITY AS named (tier_id, tier_code, place)
        WHERE read.markup IS NOT NULL
    ),

    -- the first twenty offers of a tier are named beside each of them
    refusal AS MATERIALIZED (
        SELECT model_id, tier_id, jsonb_object_agg(code, markup::text) FILTER (WHERE ordinal <= 20) AS offers
        FROM offer
        GROUP BY model_id, tier_id
        HAVING min(markup) <> max(markup) AND NOT (SELECT settles_conflicts FROM policy)
    ),

    verdict AS (
        SELECT offer.model_id, offer.position,
            array_agg(offer.tier_code ORDER BY offer.place) AS refused,
            array_agg(refusal.offers) AS offers
        FROM offer
        INNER JOIN refusal ON offer.model_id = refusal.model_id AND offer.tier_id = refusal.tier_id
        GROUP BY offer.model_id, offer.position
    ),

    judged AS (
        SELECT read.*, verdict.refused, verdict.offers, model.identifier, model.shown_markups,
            CASE
                WHEN model.is_unreadable THEN model.access_reason
                WHEN read.code IS NULL THEN 'element_not_a_string'
                WHEN read.code = '' THEN 'empty_code'
                WHEN read.seen THEN NULL
                WHEN read.tier_ids IS NULL THEN 'unknown_tier'
                WHEN verdict.refused IS NOT NULL THEN 'markup_conflict'
                WHEN read.markup IS NOT NULL THEN NULL
                WHEN model.shown_markups IS NOT NULL THEN model.markups_reason
                WHEN tierflow.markup_number(read.raw) IS NULL THEN 'markup_not_a_number'
                WHEN tierflow.markup_number(read.raw) < 0 THEN 'markup_negative'
                WHEN tierflow.markup_number(read.raw) > 99.99 THEN 'markup_too_high'
                ELSE 'markup_inexact'
            END AS reason
        FROM read
        INNER JOIN model ON read.model_id = model.model_id
        LEFT JOIN verdict ON read.model_id = verdict.model_id AND read.position = verdict.position
    ),

    wanted AS MATERIALIZED (
        SELECT judged.model_id, judged.identifier, judged.position::integer AS position, judged.code, judged.reason,
            CASE
                WHEN judged.reason IN ('markups_not_an_object', 'markups_double_encoded') THEN judged.shown_markups
                WHEN judged.reason = 'markup_conflict' THEN (
                    SELECT jsonb_object_agg(offered.key, offered.value)
                    FROM unnest(judged.offers) AS given (offers)
                    CROSS JOIN LATERAL jsonb_each(given.offers) AS offered
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
    SELECT wanted.model_id, wanted.identifier, wanted.position, wanted.code, wanted.reason, wanted.value, wanted.tier_codes
    FROM wanted
    LEFT JOIN (
        SELECT * FROM tierflow.quarantine AS before WHERE before.model_id = ANY(p_models)
    ) AS kept ON wanted.model_id = kept.model_id AND wanted.position = kept.position
    WHERE (kept.code, kept.reason, kept.value, kept.tier_codes)
        IS DISTINCT FROM (wanted.code, wanted.reason, wanted.value, wanted.tier_codes)
    ON CONFLICT (model_id, position) DO UPDATE
    SET model_identifier = excluded.model_identifier, code = excluded.code, reason = excluded.reason,
        value = excluded.value, tier_codes = excluded.tier_codes, recorded = now();
END
$$
