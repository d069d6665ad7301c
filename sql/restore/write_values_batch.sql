-- Writes the tier columns of up to so many models after one id where they differ from the file, and returns how many it looked at, the last id, and how many it wrote. Locks those rows.
WITH batch AS MATERIALIZED (
    SELECT old.id, old.tier_access, old.tier_markup FROM pg_temp.restored AS old
    WHERE nullif(:'after'::text, '') IS NULL OR old.id > nullif(:'after'::text, '')::uuid
    ORDER BY old.id
    LIMIT :'most'
),

written AS (
    UPDATE :"schema".model_access_control AS model
    SET tier_access = batch.tier_access, tier_markup = batch.tier_markup
    FROM batch
    WHERE model.id = batch.id AND (
        model.tier_access::text IS DISTINCT FROM batch.tier_access::text
        OR model.tier_markup::text IS DISTINCT FROM batch.tier_markup::text
    )
    RETURNING model.id
)

SELECT
    (SELECT count(*) FROM batch) AS models,
    (SELECT (array_agg(batch.id ORDER BY batch.id DESC))[1]::text FROM batch) AS last,
    (SELECT count(*) FROM written) AS written
