-- Writes the tier columns of one model, from JSON texts. Locks that row.
UPDATE :"schema".model_access_control
SET tier_access = :'tier_access'::jsonb, tier_markup = :'tier_markup'::jsonb
WHERE id = :'id'
