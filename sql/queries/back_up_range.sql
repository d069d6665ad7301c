-- Captures the tier columns of one key range into the backup columns. Locks those rows FOR NO KEY UPDATE.
UPDATE :"schema".model_access_control
SET tier_access_backup = tier_access, tier_markup_backup = tier_markup
WHERE (nullif(:'low'::text, '') IS NULL OR id >= nullif(:'low'::text, '')::uuid)
    AND (nullif(:'high'::text, '') IS NULL OR id < nullif(:'high'::text, '')::uuid)
    AND tier_access_backup IS NULL AND tier_markup_backup IS NULL
    AND (tier_access IS NOT NULL OR tier_markup IS NOT NULL)
