-- Creates the temporary table of the distinct pairs of tier columns, numbered, each parsed once and with the models that hold it. Reads only, but for that table.
-- items is the array to read: what cannot be read as one (`is_unreadable`, with the reason) is its only element. What was encoded
-- twice is noted; it is decoded where it is to be parsed.
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
SELECT
    read.number,
    read.tier_access,
    read.tier_markup,
    read.models,
    nullif(read.markups, 'null') AS markups,
    read.items IS NULL AS is_unreadable,
    coalesce(read.items, jsonb_build_array(read.access)) AS items,
    read.items IS DISTINCT FROM jsonb_build_array(read.access) AND held.access IS NOT NULL AS is_access_encoded,
    held.markups IS NOT NULL AS is_markup_encoded,
    CASE WHEN held.access IS NOT NULL THEN 'access_double_encoded' ELSE 'access_not_an_array' END AS access_reason,
    CASE WHEN held.markups IS NOT NULL THEN 'markups_double_encoded' ELSE 'markups_not_an_object' END AS markups_reason,
    -- beside each element of its pair: what is long is said by its length
    CASE WHEN jsonb_typeof(read.markups) IN ('object', 'null') THEN NULL
        WHEN length(read.tier_markup) > 1000 THEN to_jsonb(format('(%s characters)', length(read.tier_markup)))
        ELSE read.markups
    END AS shown_markups
FROM (
    SELECT row_number() OVER () AS number, parsed.*,
        :"ledger".access_items(parsed.access) AS items,
        :"ledger".markup_object(parsed.stored_markups) AS markups
    FROM (
        SELECT tier_access, tier_markup, models, tier_access::jsonb AS access, tier_markup::jsonb AS stored_markups
        FROM pg_temp.source_value OFFSET 0
    ) AS parsed
    OFFSET 0
) AS read
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(read.access) = 'string' THEN :"ledger".held_json(read.access, 'array') END AS access,
        CASE WHEN jsonb_typeof(read.stored_markups) = 'string' THEN :"ledger".held_json(read.stored_markups, 'object') END AS markups
    OFFSET 0
) AS held
