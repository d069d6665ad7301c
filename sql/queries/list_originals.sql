-- Returns models with their tier columns and the captured values as text, and whether both captured values were SQL NULL; of some models (NULL: of all). Reads only.
SELECT
    model.id::text AS id,
    model.model_id::text AS model_id,
    model.tier_access::text AS tier_access,
    model.tier_markup::text AS tier_markup,
    stored.tier_access::text AS tier_access_backup,
    stored.tier_markup::text AS tier_markup_backup,
    stored.model_id IS NOT NULL AND stored.tier_access IS NULL AND stored.tier_markup IS NULL AS null_captured
FROM :"schema".model_access_control AS model
LEFT JOIN :"ledger".captured AS stored ON model.id = stored.model_id
WHERE :'models'::uuid [] IS NULL OR model.id = ANY(:'models'::uuid [])
