-- Returns how many models do not hold what the file says of them. Reads only.
SELECT count(*) AS models
FROM :"schema".model_access_control AS model
INNER JOIN pg_temp.restored AS old ON model.id = old.id
WHERE model.tier_access::text IS DISTINCT FROM old.tier_access::text
    OR model.tier_markup::text IS DISTINCT FROM old.tier_markup::text
