-- Deletes every 100th model. Locks those rows.
DELETE FROM :"schema".model_access_control
WHERE ('x' || substr(md5(id::text), 9, 4))::bit(16)::integer % 100 = 5
