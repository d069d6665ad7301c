-- Puts the captured values back where they differ; a model that was never captured keeps its own. Locks those rows.
UPDATE :"schema".model_access_control AS model
SET tier_access = tier_access_backup, tier_markup = tier_markup_backup
WHERE (tier_access::text IS DISTINCT FROM tier_access_backup::text
        OR tier_markup::text IS DISTINCT FROM tier_markup_backup::text)
    AND (tier_access_backup IS NOT NULL OR tier_markup_backup IS NOT NULL
        OR EXISTS (SELECT FROM :"ledger".null_backup AS noted WHERE noted.model_id = model.id))
