-- Returns one row: the enabled models, and those of them that have an enabled grant. Reads only.
SELECT
    count(*) AS enabled,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM :"schema".tier_model_access AS access WHERE access.model_id = model.id AND access.enabled
    )) AS covered
FROM :"schema".model_access_control AS model
WHERE model.enabled
