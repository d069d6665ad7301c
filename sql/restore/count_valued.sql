-- Returns how many models of the table have a value in the file: what is written into columns that were just added. Reads only.
SELECT count(*) AS models
FROM :"schema".model_access_control AS model
INNER JOIN pg_temp.restored AS old ON model.id = old.id
WHERE old.tier_access IS NOT NULL OR old.tier_markup IS NOT NULL
