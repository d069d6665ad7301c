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

listed AS (
    SELECT
        pair.number AS pair,
        pair.markups,
        pair.is_no_array,
        item.ordinality::integer AS position,
        item.value,
        CASE WHEN jsonb_typeof(item.value) = 'string' THEN item.value #>> '{}' END AS code
    FROM pg_temp.pair AS pair
    CROSS JOIN LATERAL jsonb_array_elements(pair.items) WITH ORDINALITY AS item (value, ordinality)
),

counted AS (
    SELECT listed.*, row_number() OVER (PARTITION BY pair, code ORDER BY position) > 1 AS seen
    FROM listed
),

read AS (
    SELECT
        counted.*,
        accepted.tier_codes,
        counted.markups IS NULL OR (jsonb_typeof(counted.markups) = 'object' AND NOT counted.markups ? counted.code) AS defaulted,
        CASE WHEN jsonb_typeof(counted.markups) = 'object' THEN counted.markups -> counted.code END AS raw,
        :"ledger".markup_number(
            CASE WHEN jsonb_typeof(counted.markups) = 'object' THEN counted.markups -> counted.code END
        ) AS number,
        :"ledger".usable_markup(counted.markups, counted.code, policy.rounds) AS markup
    FROM counted
    CROSS JOIN policy
    LEFT JOIN accepted ON counted.code = accepted.code AND NOT counted.seen
),

offer AS (
    SELECT read.pair, read.position, read.code, read.markup, named.tier_code, named.place
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
        jsonb_object_agg(code, markup::text) AS offers
    FROM offer
    GROUP BY pair, tier_code
),

verdict AS (
    SELECT
        offer.pair,
        offer.position,
        array_agg(offer.tier_code ORDER BY offer.place) FILTER (WHERE tier_read.refused) AS refused,
        count(*) FILTER (WHERE tier_read.first_position = offer.position) AS tiers_first,
        count(*) FILTER (WHERE tier_read.first_position = offer.position AND NOT tier_read.refused) AS tiers_made
    FROM offer
    INNER JOIN tier_read ON offer.pair = tier_read.pair AND offer.tier_code = tier_read.tier_code
    GROUP BY offer.pair, offer.position
),

judged AS (
    SELECT
        read.*,
        verdict.refused,
        verdict.tiers_first,
        coalesce(verdict.tiers_made, 0) AS tiers_made,
        CASE
            WHEN read.is_no_array THEN 'access_not_an_array'
            WHEN read.code IS NULL THEN 'element_not_a_string'
            WHEN read.code = '' THEN 'empty_code'
            WHEN read.seen THEN NULL
            WHEN read.tier_codes IS NULL THEN 'unknown_tier'
            WHEN verdict.refused IS NOT NULL THEN 'markup_conflict'
            WHEN read.markup IS NOT NULL THEN NULL
            WHEN jsonb_typeof(read.markups) <> 'object' THEN 'markups_not_an_object'
            WHEN read.number IS NULL THEN 'markup_not_a_number'
            WHEN read.number < 0 THEN 'markup_negative'
            WHEN read.number > 99.99 THEN 'markup_too_high'
            ELSE 'markup_inexact'
        END AS reason
    FROM read
    LEFT JOIN verdict ON read.pair = verdict.pair AND read.position = verdict.position
)

SELECT
    judged.pair,
    judged.position,
    CASE WHEN NOT judged.is_no_array THEN judged.code END AS code,
    CASE
        WHEN judged.reason IS NOT NULL THEN 'quarantined'
        WHEN judged.seen THEN 'duplicates'
        WHEN judged.tiers_first = 0 THEN 'merged'
        ELSE 'migrated'
    END AS fate,
    judged.reason,
    CASE judged.reason
        WHEN 'markups_not_an_object' THEN judged.markups
        WHEN 'markup_conflict' THEN (
            SELECT jsonb_object_agg(offered.key, offered.value)
            FROM tier_read
            CROSS JOIN LATERAL jsonb_each(tier_read.offers) AS offered
            WHERE tier_read.pair = judged.pair AND tier_read.tier_code = ANY(judged.refused)
        )
        ELSE coalesce(CASE WHEN judged.reason LIKE 'markup%' THEN judged.raw END, judged.value)
    END AS value,
    coalesce(CASE WHEN judged.reason = 'markup_conflict' THEN judged.refused ELSE judged.tier_codes END, '{}') AS tier_codes,
    judged.tiers_made,
    judged.reason IS NULL AND NOT judged.seen AND judged.defaulted AS defaulted,
    judged.tier_codes IS NOT NULL AND judged.number BETWEEN 0 AND 99.99 AND judged.number <> round(judged.number, 2) AS inexact,
    CASE WHEN judged.tier_codes IS NOT NULL THEN judged.raw #>> '{}' END AS raw_markup,
    (
        SELECT string_agg(format('%s %s', tier_read.tier_code, tier_read.offers), ', ')
        FROM tier_read
        WHERE tier_read.pair = judged.pair AND tier_read.conflicts AND tier_read.first_position = judged.position
    ) AS conflicts
FROM judged
