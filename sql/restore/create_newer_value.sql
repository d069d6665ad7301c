-- Creates the session's list of models whose columns hold something else than the file. Takes ACCESS SHARE.
CREATE TEMPORARY TABLE newer ON COMMIT DROP AS
SELECT
    model.id AS model_id,
    model.model_id::text AS model,
    concat_ws(' ', coalesce(model.tier_access::text, 'NULL'), coalesce(model.tier_markup::text, 'NULL')) AS now,
    concat_ws(' ', coalesce(old.tier_access::text, 'NULL'), coalesce(old.tier_markup::text, 'NULL')) AS restored
FROM :"schema".model_access_control AS model
INNER JOIN pg_temp.restored AS old ON model.id = old.id
WHERE model.tier_access::text IS DISTINCT FROM old.tier_access::text
    OR model.tier_markup::text IS DISTINCT FROM old.tier_markup::text
