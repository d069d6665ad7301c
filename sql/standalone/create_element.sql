-- Creates the temporary table of the source elements of each pair, and what becomes of each: tierflow/read_pair.py, stated in SQL. Reads only, but for that table.
-- fate is migrated, merged, duplicates or quarantined; tiers_made counts the grants that belong to the element.
CREATE TEMPORARY TABLE element ON COMMIT DROP AS
WITH policy AS (
    SELECT
        decisions ->> 'markup_conflict' IN ('lowest', 'highest') AS settles_conflicts,
        decisions ->> 'inexact_markup' = 'round' AS rounds
    FROM pg_temp.settled
),

accepted AS (
    SELECT code, array_agg(tier_code ORDER BY place) AS tier_codes
    FROM (
        SELECT map.code, map.tier_code, map.place FROM pg_temp.settled_map AS map
        UNION ALL
        SELECT tier.tier_code::text, tier.tier_code::text, 1
        FROM :"schema".subscription_tiers AS tier
        WHERE tier.tier_code <> '' AND NOT EXISTS (
            SELECT FROM pg_temp.settled_map AS map WHERE map.code = tier.tier_code
        )
    ) AS named
    GROUP BY code
),

-- MATERIALIZED: else what is sorted below has all the markups of its pair beside each element
listed AS MATERIALIZED (
    SELECT
        pair.number AS pair,
        item.ordinality::integer AS position,
        item.value,
        named.code,
        pair.markups IS NULL OR (jsonb_typeof(pair.markups) = 'object' AND NOT pair.markups ? named.code) AS defaulted,
        CASE WHEN jsonb_typeof(pair.markups) = 'object' THEN pair.markups -> named.code END AS raw,
        :"ledger".usable_markup(pair.markups, named.code, pair.rounds) AS markup
    -- a large value is stored compressed, and is unpacked once (#> '{}'), not for each element; nor is it joined to each
    FROM (
        SELECT held.number, held.is_unreadable, held.items, held.markups #> '{}' AS markups, policy.rounds
        FROM policy
        CROSS JOIN pg_temp.pair AS held
        OFFSET 0
    ) AS pair
    CROSS JOIN LATERAL jsonb_array_elements(pair.items) WITH ORDINALITY AS item (value, ordinality)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN jsonb_typeof(item.value) = 'string' AND NOT pair.is_unreadable THEN item.value #>> '{}' END AS code
    ) AS named
),

counted AS (
    SELECT listed.*, row_number() OVER (PARTITION BY pair, code ORDER BY position) > 1 AS seen
    FROM listed
),

read AS (
    SELECT counted.*, accepted.tier_codes, :"ledger".markup_number(counted.raw) AS number
    FROM counted
    LEFT JOIN accepted ON counted.code = accepted.code AND NOT counted.seen
),

offer AS (
    SELECT read.pair, read.position, read.code, read.markup, named.tier_code, named.place,
        row_number() OVER (PARTITION BY read.pair, named.tier_code ORDER BY read.position) AS ordinal
    FROM read
    CROSS JOIN LATERAL unnest(read.tier_codes) WITH ORDINALITY AS named (tier_code, place)
    WHERE read.markup IS NOT NULL
),

tier_read AS (
    SELECT
        pair,
        tier_code,
        min(position) AS first_position,
        min(markup) <> max(markup) AS conflicts,
        min(markup) <> max(markup) AND NOT (SELECT settles_conflicts FROM policy) AS refused,
        -- the first twenty are named beside each of them
        jsonb_object_agg(code, markup::text) FILTER (WHERE ordinal <= 20) AS offers
    FROM offer
    GROUP BY pair, tier_code
),

torn AS (
    SELECT pair, first_position AS position, string_agg(format('%s %s', tier_code, offers), ', ' ORDER BY tier_code) AS conflicts
    FROM tier_read
    WHERE conflicts
    GROUP BY pair, first_position
),

verdict AS (
    SELECT
        offer.pair,
        offer.position,
        array_agg(offer.tier_code ORDER BY offer.place) FILTER (WHERE tier_read.refused) AS refused,
        array_agg(tier_read.offers) FILTER (WHERE tier_read.refused) AS offers,
        count(*) FILTER (WHERE tier_read.first_position = offer.position) AS tiers_first,
        count(*) FILTER (WHERE tier_read.first_position = offer.position AND NOT tier_read.refused) AS tiers_made
    FROM offer
    INNER JOIN tier_read ON offer.pair = tier_read.pair AND offer.tier_code = tier_read.tier_code
    GROUP BY offer.pair, offer.position
),

judged AS (
    SELECT
        read.*,
        pair.shown_markups,
        torn.conflicts,
        verdict.refused,
        verdict.offers,
        verdict.tiers_first,
        coalesce(verdict.tiers_made, 0) AS tiers_made,
        CASE
            WHEN pair.is_unreadable THEN pair.access_reason
            WHEN read.code IS NULL THEN 'element_not_a_string'
            WHEN read.code = '' THEN 'empty_code'
            WHEN read.seen THEN NULL
            WHEN read.tier_codes IS NULL THEN 'unknown_tier'
            WHEN verdict.refused IS NOT NULL THEN 'markup_conflict'
            WHEN read.markup IS NOT NULL THEN NULL
            WHEN pair.shown_markups IS NOT NULL THEN pair.markups_reason
            WHEN read.number IS NULL THEN 'markup_not_a_number'
            WHEN read.number < 0 THEN 'markup_negative'
            WHEN read.number > 99.99 THEN 'markup_too_high'
            ELSE 'markup_inexact'
        END AS reason
    FROM read
    INNER JOIN (
        SELECT number, is_unreadable, access_reason, markups_reason, shown_markups FROM pg_temp.pair
    ) AS pair ON read.pair = pair.number
    LEFT JOIN verdict ON read.pair = verdict.pair AND read.position = verdict.position
    LEFT JOIN torn ON read.pair = torn.pair AND read.position = torn.position
)

SELECT
    judged.pair,
    judged.position,
    judged.code,
    CASE
        WHEN judged.reason IS NOT NULL THEN 'quarantined'
        WHEN judged.seen THEN 'duplicates'
        WHEN judged.tiers_first = 0 THEN 'merged'
        ELSE 'migrated'
    END AS fate,
    judged.reason,
    CASE
        WHEN judged.reason IN ('markups_not_an_object', 'markups_double_encoded') THEN judged.shown_markups
        WHEN judged.reason = 'markup_conflict' THEN (
            SELECT jsonb_object_agg(offered.key, offered.value)
            FROM unnest(judged.offers) AS given (offers)
            CROSS JOIN LATERAL jsonb_each(given.offers) AS offered
        )
        ELSE coalesce(CASE WHEN judged.reason LIKE 'markup%' THEN judged.raw END, judged.value)
    END AS value,
    coalesce(CASE WHEN judged.reason = 'markup_conflict' THEN judged.refused ELSE judged.tier_codes END, '{}') AS tier_codes,
    judged.tiers_made,
    judged.reason IS NULL AND NOT judged.seen AND judged.defaulted AS defaulted,
    judged.tier_codes IS NOT NULL AND judged.number BETWEEN 0 AND 99.99 AND judged.number <> round(judged.number, 2) AS inexact,
    CASE WHEN judged.tier_codes IS NOT NULL THEN judged.raw #>> '{}' END AS raw_markup,
    judged.conflicts
FROM judged
