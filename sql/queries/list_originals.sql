-- Returns models with their tier columns and the captured values as text, and whether both captured values were SQL NULL; of some models (NULL: of all). Reads only.
-- Without backup columns the names mean those of `absent`: an inner column goes before an outer one.
SELECT original.*
FROM (SELECT NULL::jsonb AS tier_access_backup, NULL::jsonb AS tier_markup_backup) AS absent
CROSS JOIN LATERAL (
    SELECT
        model.id::text AS id,
        model.model_id::text AS model_id,
        model.tier_access::text AS tier_access,
        model.tier_markup::text AS tier_markup,
        tier_access_backup::text AS tier_access_backup,
        tier_markup_backup::text AS tier_markup_backup,
        EXISTS (SELECT FROM :"ledger".null_backup AS noted WHERE noted.model_id = model.id) AS null_captured
    FROM :"schema".model_access_control AS model
    WHERE :'models'::uuid [] IS NULL OR model.id = ANY(:'models'::uuid [])
) AS original
