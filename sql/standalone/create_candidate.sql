-- Creates the temporary table of the codes that mean one tier alone, those by which the old application may know it: its own, then those of the tier map. Reads only, but for that table.
CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
SELECT tier.id AS tier_id, tier.tier_code, tier.tier_code AS code, 0 AS place
FROM pg_temp.tier AS tier
WHERE tier.tier_code <> ''
UNION ALL
SELECT map.tier_id, map.tier_code, map.code, map.ordinal
FROM pg_temp.settled_map AS map
WHERE map.code <> map.tier_code AND CASE jsonb_typeof(map.tiers) WHEN 'array' THEN jsonb_array_length(map.tiers) END = 1
