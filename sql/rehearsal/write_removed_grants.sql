-- Deletes one grant of every 10th model, as a new application does. Locks those rows and, by the sync, their models.
DELETE FROM :"schema".tier_model_access
WHERE id IN (
    SELECT min(id) FROM :"schema".tier_model_access
    WHERE ('x' || substr(md5(model_id::text), 13, 4))::bit(16)::integer % 10 = 0
    GROUP BY model_id
)
