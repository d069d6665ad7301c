-- Notes the old code of each tier that has another one now as a legacy code of it, as the sync does, and returns them. Locks nothing that the application uses.
INSERT INTO :"ledger".tier_map AS map (code, tier_id, ordinal)
SELECT
    old.tier_code, tier.id,
    (SELECT coalesce(max(known.ordinal), 0) FROM :"ledger".tier_map AS known) + row_number() OVER (ORDER BY tier.id)
FROM pg_temp.restored_tier AS old
INNER JOIN :"schema".subscription_tiers AS tier ON old.id = tier.id AND old.tier_code <> tier.tier_code
WHERE old.tier_code <> ''
    AND NOT EXISTS (SELECT FROM :"schema".subscription_tiers AS other WHERE other.tier_code = old.tier_code)
    -- a tier whose number changed is not one that was renamed
    AND NOT EXISTS (SELECT FROM pg_temp.restored_tier AS known WHERE known.tier_code = tier.tier_code AND known.id <> tier.id)
    AND NOT EXISTS (SELECT FROM :"ledger".tier_map AS known WHERE known.code = old.tier_code)
RETURNING map.code, map.tier_id
