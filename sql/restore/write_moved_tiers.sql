-- Makes the tier map name the tiers by the numbers they have now, where numbers were changed since the file was made: a finalized database has no sync that would follow. Locks nothing that the application uses.
-- A tier that another one took the code of is not one whose number changed: nobody knows which, so what the map says stays.
WITH moved AS (
    SELECT old.id AS was, tier.id AS now
    FROM pg_temp.restored_tier AS old
    INNER JOIN :"schema".subscription_tiers AS tier ON old.tier_code = tier.tier_code AND old.id <> tier.id
    WHERE NOT EXISTS (
        SELECT FROM :"schema".subscription_tiers AS other
        WHERE other.id = old.id AND NOT EXISTS (
            SELECT FROM pg_temp.restored_tier AS known WHERE known.tier_code = other.tier_code AND known.id <> other.id
        )
    )
),

taken AS (
    DELETE FROM :"ledger".tier_map AS map USING moved WHERE map.tier_id = moved.was
    RETURNING map.code, moved.now, map.ordinal
),

-- all are deleted before the first is written again: one may get the number that another leaves
held AS (
    SELECT array_agg(code) AS codes, array_agg(now) AS tiers, array_agg(ordinal) AS ordinals FROM taken
)

INSERT INTO :"ledger".tier_map AS map (code, tier_id, ordinal)
SELECT entry.code, entry.tier_id, entry.ordinal
FROM held
CROSS JOIN LATERAL unnest(held.codes, held.tiers, held.ordinals) AS entry (code, tier_id, ordinal)
ON CONFLICT (code, tier_id) DO NOTHING
