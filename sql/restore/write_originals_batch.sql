-- Writes the tier columns and the backup columns of up to so many models after one id, and returns how many it looked at, the last id, and how many it wrote. Locks those rows.
WITH batch AS MATERIALIZED (
    SELECT old.* FROM pg_temp.restored AS old
    WHERE nullif(:'after'::text, '') IS NULL OR old.id > nullif(:'after'::text, '')::uuid
    ORDER BY old.id
    LIMIT :'most'
),

written AS (
    UPDATE :"schema".model_access_control AS model
    SET tier_access = batch.tier_access, tier_markup = batch.tier_markup,
        tier_access_backup = batch.tier_access_backup, tier_markup_backup = batch.tier_markup_backup
    FROM batch
    WHERE model.id = batch.id
    RETURNING model.id
)

SELECT
    (SELECT count(*) FROM batch) AS models,
    (SELECT (array_agg(batch.id ORDER BY batch.id DESC))[1]::text FROM batch) AS last,
    (SELECT count(*) FROM written) AS written
