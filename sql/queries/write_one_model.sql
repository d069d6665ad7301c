-- Writes one model as the backup and the sync would, with the values of another, and returns how many were chosen and written; who calls it rolls it back. Locks that row FOR NO KEY UPDATE.
WITH chosen AS (
    SELECT id, tier_access, tier_markup
    FROM :"schema".model_access_control
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
),

other AS (
    SELECT sampled.tier_access, sampled.tier_markup
    FROM (SELECT tier_access, tier_markup FROM :"schema".model_access_control LIMIT 1000) AS sampled
    CROSS JOIN chosen
    ORDER BY sampled.tier_access IS DISTINCT FROM chosen.tier_access DESC, sampled.tier_access IS NULL
    LIMIT 1
),

written AS (
    UPDATE :"schema".model_access_control AS model
    SET tier_access = other.tier_access, tier_markup = other.tier_markup
    FROM chosen
    CROSS JOIN other
    WHERE model.id = chosen.id
    RETURNING model.id
)

SELECT (SELECT count(*) FROM chosen) AS chosen, (SELECT count(*) FROM written) AS written
