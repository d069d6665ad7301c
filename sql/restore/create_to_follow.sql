-- Creates the session's list of models that one side must follow the other on: those with newer writes, and those that the file does not know. Takes ACCESS SHARE.
CREATE TEMPORARY TABLE to_follow ON COMMIT DROP AS
SELECT
    found.model_id, found.in_file,
    (row_number() OVER (PARTITION BY found.in_file ORDER BY found.model_id) - 1) / 10000 AS batch
FROM (
    SELECT newer.model_id, true AS in_file FROM pg_temp.newer
    UNION ALL
    SELECT model.id, false FROM :"schema".model_access_control AS model
    WHERE EXISTS (SELECT FROM :"schema".tier_model_access AS access WHERE access.model_id = model.id AND access.enabled)
        AND NOT EXISTS (SELECT FROM pg_temp.restored AS old WHERE old.id = model.id)
) AS found
