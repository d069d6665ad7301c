-- Creates the view of every code the JSONB may hold and the tier it grants: the tier map, then each tier's own code. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".tier_code AS
SELECT map.code, map.tier_id, map.ordinal
FROM :"ledger".tier_map AS map
INNER JOIN :"schema".subscription_tiers AS tier ON map.tier_id = tier.id
UNION ALL
SELECT tier.tier_code::text, tier.id, 0
FROM :"schema".subscription_tiers AS tier
WHERE tier.tier_code <> '' AND NOT EXISTS (
    SELECT FROM :"ledger".tier_map AS map WHERE map.code = tier.tier_code
)
