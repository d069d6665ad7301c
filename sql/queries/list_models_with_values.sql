-- Returns the models that hold one of the given pairs of tier columns, with the pair's number. Reads only.
SELECT model.id, model.model_id::text AS model_identifier, pair.number::integer AS pair
FROM :"schema".model_access_control AS model
INNER JOIN unnest(:'tier_access'::text [], :'tier_markup'::text [], :'numbers'::integer [])
    AS pair (tier_access, tier_markup, number)
    ON coalesce(model.tier_access::text, '') = coalesce(pair.tier_access, '')
    AND coalesce(model.tier_markup::text, '') = coalesce(pair.tier_markup, '')
ORDER BY model.model_id, pair.number
