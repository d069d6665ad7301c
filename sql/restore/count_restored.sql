-- Returns one row: models in the file, of these not in the table any more, with newer writes, and models that the file does not know. Reads only.
SELECT
    (SELECT count(*) FROM pg_temp.restored) AS models,
    (
        SELECT count(*) FROM pg_temp.restored AS old
        WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = old.id)
    ) AS deleted,
    (SELECT count(*) FROM pg_temp.newer) AS newer,
    (
        SELECT count(*) FROM :"schema".model_access_control AS model
        WHERE NOT EXISTS (SELECT FROM pg_temp.restored AS old WHERE old.id = model.id)
    ) AS added
