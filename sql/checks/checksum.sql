-- Returns a row per bucket of models whose grants differ between JSONB and junction table: both counts. Reads only.
-- A grant's checksum is the hash of its model with tier and markup as the seed; a bucket's is their XOR, so that neither
-- side is sorted or joined with the other, and the rules read each distinct pair of JSON values once.
WITH model AS MATERIALIZED (
    SELECT id, coalesce(tier_access, 'null') AS access, coalesce(tier_markup, 'null') AS markups
    FROM :"schema".model_access_control
),

said AS MATERIALIZED (
    SELECT pair.access, pair.markups, implied.tier_id::bigint * 10000 + (implied.markup_multiplier * 100)::bigint AS seed
    FROM (SELECT DISTINCT access, markups FROM model) AS pair
    CROSS JOIN LATERAL :"ledger".implied_grants(pair.access, pair.markups) AS implied
),

jsonb_side AS (
    SELECT uuid_hash(model.id) & 255 AS bucket, count(*) AS grants, bit_xor(uuid_hash_extended(model.id, said.seed)) AS checksum
    FROM model
    INNER JOIN said ON model.access = said.access AND model.markups = said.markups
    GROUP BY 1
),

junction_side AS (
    SELECT uuid_hash(access.model_id) & 255 AS bucket, count(*) AS grants,
        bit_xor(uuid_hash_extended(access.model_id, access.tier_id::bigint * 10000 + (access.markup_multiplier * 100)::bigint)) AS checksum
    FROM :"schema".tier_model_access AS access
    WHERE access.enabled
    GROUP BY 1
)

SELECT bucket, coalesce(jsonb_side.grants, 0) AS jsonb_grants, coalesce(junction_side.grants, 0) AS junction_grants
FROM jsonb_side
FULL JOIN junction_side USING (bucket)
WHERE (jsonb_side.grants, jsonb_side.checksum) IS DISTINCT FROM (junction_side.grants, junction_side.checksum)
ORDER BY bucket
