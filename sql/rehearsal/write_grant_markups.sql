-- Gives every grant of every 10th model another markup, as a new application does. Locks those rows and, by the sync, their models.
UPDATE :"schema".tier_model_access SET markup_multiplier = 1.25
WHERE markup_multiplier <> 1.25
    AND ('x' || substr(md5(model_id::text), 13, 4))::bit(16)::integer % 10 = 2
