-- Returns those models by batches of 10,000, and whether the file knows them. Reads only.
SELECT in_file, batch, array_agg(model_id ORDER BY model_id) AS models
FROM pg_temp.to_follow
GROUP BY in_file, batch
ORDER BY in_file, batch
