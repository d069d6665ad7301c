-- Creates the temporary table of the tier map of this run: the entries in force, with those given laid over them, in order. Reads only, but for that table.
-- A row per code and tier; tier_id is NULL where the tier does not exist.
CREATE TEMPORARY TABLE settled_map ON COMMIT DROP AS
WITH given AS (
    SELECT entry.key AS code, entry.ordinality AS place,
        CASE json_typeof(entry.value) WHEN 'string' THEN jsonb_build_array(entry.value) ELSE entry.value::jsonb END AS tiers
    FROM json_each(coalesce(nullif(:'tier_map', ''), '{}')::json) WITH ORDINALITY AS entry
),

stored AS (
    SELECT entry.key AS code, min(map.ordinal) AS place, entry.value AS tiers
    FROM :"ledger".decision AS decision
    CROSS JOIN LATERAL jsonb_each(decision.decisions -> 'tier_map') AS entry
    LEFT JOIN :"ledger".tier_map AS map ON entry.key = map.code
    GROUP BY entry.key, entry.value
),

laid AS (
    SELECT coalesce(given.code, stored.code) AS code,
        coalesce(given.tiers, stored.tiers) AS tiers,
        row_number() OVER (ORDER BY stored.place, given.place) AS ordinal
    FROM given
    FULL JOIN stored ON given.code = stored.code
)

SELECT laid.code, laid.tiers, laid.ordinal::integer AS ordinal,
    named.value #>> '{}' AS tier_code, named.ordinality AS place, tier.id AS tier_id
FROM laid
LEFT JOIN LATERAL jsonb_array_elements(
    CASE jsonb_typeof(laid.tiers) WHEN 'array' THEN laid.tiers ELSE '[]' END
) WITH ORDINALITY AS named ON true
LEFT JOIN :"schema".subscription_tiers AS tier
    ON jsonb_typeof(named.value) = 'string' AND tier.tier_code = named.value #>> '{}'
