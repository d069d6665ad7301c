-- Creates the temporary table of the models whose values leave something to decide, each with the number of its pair. Reads only, but for that table.
CREATE TEMPORARY TABLE holder ON COMMIT DROP AS
SELECT model.id AS model_id, model.model_id::text AS model_identifier, pair.number AS pair
FROM :"schema".model_access_control AS model
INNER JOIN pg_temp.pair AS pair
    ON coalesce(model.tier_access::text, '') = coalesce(pair.tier_access, '')
    AND coalesce(model.tier_markup::text, '') = coalesce(pair.tier_markup, '')
WHERE EXISTS (
    SELECT FROM pg_temp.element AS element
    WHERE element.pair = pair.number
        AND (element.reason IS NOT NULL OR element.inexact OR element.conflicts IS NOT NULL)
)
