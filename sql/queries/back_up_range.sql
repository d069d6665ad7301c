-- Captures the tier columns of one key range into the backup columns. Locks those rows FOR NO KEY UPDATE.
UPDATE :"schema".model_access_control
SET tier_access_backup = tier_access, tier_markup_backup = tier_markup
WHERE (:'low'::uuid IS NULL OR id >= :'low'::uuid) AND (:'high'::uuid IS NULL OR id < :'high'::uuid)
    AND tier_access_backup IS NULL AND tier_markup_backup IS NULL
    AND (tier_access IS NOT NULL OR tier_markup IS NOT NULL)
