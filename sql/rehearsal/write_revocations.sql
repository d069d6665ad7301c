-- Takes the first code away from every 10th model, as an old application does. Locks those rows.
UPDATE :"schema".model_access_control SET tier_access = tier_access - 0
WHERE CASE WHEN jsonb_typeof(tier_access) = 'array' THEN jsonb_array_length(tier_access) > 1 ELSE false END
    AND ('x' || substr(md5(id::text), 1, 4))::bit(16)::integer % 10 = 0
