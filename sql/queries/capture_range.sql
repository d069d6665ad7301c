-- Captures the tier columns of the models of one key range ('': all), and counts them. Takes ACCESS SHARE on the models.
-- jsonb, not text: it is copied as it is stored, and no value is read.
INSERT INTO :"ledger".captured (model_id, tier_access, tier_markup)
SELECT id, tier_access, tier_markup
FROM :"schema".model_access_control
WHERE (nullif(:'low'::text, '') IS NULL OR id >= nullif(:'low'::text, '')::uuid)
    AND (nullif(:'high'::text, '') IS NULL OR id < nullif(:'high'::text, '')::uuid)
