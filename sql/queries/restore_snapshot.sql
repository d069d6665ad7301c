-- Puts the captured values back where they differ; a model that was never captured keeps its own. Locks those rows.
UPDATE :"schema".model_access_control AS model
SET tier_access = stored.tier_access, tier_markup = stored.tier_markup
FROM :"ledger".captured AS stored
WHERE model.id = stored.model_id
    AND (model.tier_access::text IS DISTINCT FROM stored.tier_access::text
        OR model.tier_markup::text IS DISTINCT FROM stored.tier_markup::text)
