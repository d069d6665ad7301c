-- Doubles the markup of one granted code in every 10th model, within what a markup may be. Locks those rows.
UPDATE :"schema".model_access_control
SET tier_markup = jsonb_set(tier_markup, ARRAY[tier_access ->> 0], to_jsonb((tier_markup ->> (tier_access ->> 0))::numeric * 2))
WHERE jsonb_typeof(tier_access) = 'array' AND jsonb_typeof(tier_markup) = 'object'
    AND jsonb_typeof(tier_markup -> (tier_access ->> 0)) = 'number'
    AND CASE WHEN jsonb_typeof(tier_access) = 'array' THEN jsonb_array_length(tier_access) = 1 ELSE false END
    AND CASE WHEN jsonb_typeof(tier_markup -> (tier_access ->> 0)) = 'number'
        THEN (tier_markup ->> (tier_access ->> 0))::numeric BETWEEN 0.5 AND 40 ELSE false END
    AND ('x' || substr(md5(id::text), 1, 4))::bit(16)::integer % 10 IN (1, 2, 3)
