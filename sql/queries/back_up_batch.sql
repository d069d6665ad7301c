-- Captures the tier columns of up to so many models of one key range into the backup columns, and returns how many they are and the last id. Locks those rows FOR NO KEY UPDATE.
-- A model whose values are both SQL NULL is noted instead: a model that is added later has NULL there too.
WITH batch AS (
    SELECT id,
        tier_access IS NULL AND tier_markup IS NULL AS is_null,
        tier_access_backup IS NULL AND tier_markup_backup IS NULL AS is_open
    FROM :"schema".model_access_control
    WHERE (nullif(:'low'::text, '') IS NULL OR id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR id < nullif(:'high'::text, '')::uuid)
        AND (nullif(:'after'::text, '') IS NULL OR id > nullif(:'after'::text, '')::uuid)
    ORDER BY id
    LIMIT :'most'
    FOR NO KEY UPDATE
),

captured AS (
    UPDATE :"schema".model_access_control AS model
    SET tier_access_backup = tier_access, tier_markup_backup = tier_markup
    FROM batch
    WHERE model.id = batch.id AND batch.is_open AND NOT batch.is_null
        AND NOT EXISTS (SELECT FROM :"ledger".null_backup AS noted WHERE noted.model_id = batch.id)
),

noted AS (
    INSERT INTO :"ledger".null_backup (model_id)
    SELECT id FROM batch WHERE is_null
    ON CONFLICT (model_id) DO NOTHING
)

SELECT count(*) AS models, (array_agg(id ORDER BY id DESC))[1] AS last FROM batch
