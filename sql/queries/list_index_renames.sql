-- Returns a row for each index to be renamed, in this order, so that those of a junction table that was put in another's place have our names: index, name. Reads only.
WITH wanted (name, shape) AS (
    VALUES
    ('tier_model_access_pkey', 'unique btree (id) constraint'),
    ('unique_tier_model', 'unique btree (tier_id, model_id) constraint'),
    ('idx_tier_model_tier_id', 'btree (tier_id)'),
    ('idx_tier_model_model_id', 'btree (model_id)'),
    ('idx_tier_model_enabled', 'btree (enabled) WHERE enabled'),
    ('idx_tier_model_lookup', 'btree (tier_id, model_id, enabled)')
),

found AS (
    SELECT class.relname::text AS name, index.indrelid,
        index.indrelid = to_regclass(format('%I.tier_model_access', :'schema'::text)) AS is_own,
        concat_ws(' ',
            CASE WHEN index.indisunique THEN 'unique' END,
            regexp_replace(pg_get_indexdef(class.oid), '^.* USING ', ''),
            CASE WHEN EXISTS (SELECT FROM pg_constraint WHERE conindid = class.oid AND contype IN ('p', 'u')) THEN 'constraint' END
        ) AS shape
    FROM pg_index AS index
    INNER JOIN pg_class AS class ON index.indexrelid = class.oid
    WHERE class.relnamespace = to_regnamespace(quote_ident(:'schema')) AND index.indisvalid
)

SELECT renamed.index, renamed.name
FROM (
    -- those of the table that was set aside have the names
    SELECT found.name AS index, format('%s_of_%s', found.name, found.indrelid) AS name, 1 AS turn
    FROM found
    INNER JOIN wanted ON found.name = wanted.name
    WHERE NOT found.is_own
    UNION ALL
    SELECT min(copy.name), wanted.name, 2
    FROM wanted
    INNER JOIN found AS copy ON copy.is_own AND wanted.shape = copy.shape
    WHERE copy.name NOT IN (SELECT other.name FROM wanted AS other)
        AND NOT EXISTS (SELECT FROM found AS own WHERE own.is_own AND own.name = wanted.name)
    GROUP BY wanted.name
) AS renamed
ORDER BY renamed.turn, renamed.name
