-- Creates the temporary table of the distinct pairs of tier columns, numbered, each parsed once and with the models that hold it. Reads only, but for that table.
-- items is the array to read: a bare string or a value of another shape becomes its only element.
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
SELECT
    row_number() OVER () AS number,
    read.tier_access,
    read.tier_markup,
    read.models,
    nullif(read.tier_markup::jsonb, 'null') AS markups,
    coalesce(jsonb_typeof(read.access), 'null') NOT IN ('array', 'string', 'null') AS is_no_array,
    CASE coalesce(jsonb_typeof(read.access), 'null')
        WHEN 'array' THEN read.access
        WHEN 'null' THEN '[]'
        ELSE jsonb_build_array(read.access)
    END AS items
FROM (
    SELECT tier_access, tier_markup, models, tier_access::jsonb AS access FROM pg_temp.source_value OFFSET 0
) AS read
