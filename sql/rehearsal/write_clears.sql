-- Takes all access away from every 50th model. Locks those rows.
UPDATE :"schema".model_access_control SET tier_access = '[]'
WHERE jsonb_typeof(tier_access) = 'array'
    AND ('x' || substr(md5(id::text), 5, 4))::bit(16)::integer % 50 = 4
