-- Returns a row per part of the junction table: what is found and what is expected. Reads only.
:head
WITH junction AS (
    SELECT to_regclass(format('%I.tier_model_access', :'target')) AS oid
)

SELECT object, kind, found, expected, found = expected AS ok
FROM (
    SELECT wanted.name AS object, 'column' AS kind, wanted.shape AS expected,
        coalesce(nullif(concat_ws(' ',
            format_type(attribute.atttypid, attribute.atttypmod),
            CASE WHEN attribute.attnotnull THEN 'not null' END,
            CASE WHEN attribute.attname NOT IN ('tier_id', 'model_id')
                AND (attribute.atthasdef OR attribute.attidentity <> '') THEN 'default'
            END
        ), ''), 'missing') AS found
    FROM (VALUES
        ('id', 'integer not null default'),
        ('tier_id', 'integer not null'),
        ('model_id', 'uuid not null'),
        ('enabled', 'boolean not null default'),
        ('markup_multiplier', 'numeric(4,2) not null default'),
        ('created_at', 'timestamp without time zone not null default'),
        ('updated_at', 'timestamp without time zone not null default')
    ) AS wanted (name, shape)
    LEFT JOIN pg_attribute AS attribute
        ON attribute.attrelid = (SELECT oid FROM junction)
        AND attribute.attname = wanted.name AND NOT attribute.attisdropped
    UNION ALL
    SELECT wanted.name, 'foreign key', wanted.shape,
        coalesce(nullif(concat_ws(' ',
            pg_get_constraintdef(con.oid), CASE WHEN con.convalidated THEN 'validated' END
        ), ''), 'missing')
    FROM (VALUES
        ('fk_tier_model_tier', format('FOREIGN KEY (tier_id) REFERENCES %I.subscription_tiers(id) ON UPDATE CASCADE ON DELETE CASCADE validated', :'schema')),
        ('fk_tier_model_model', format('FOREIGN KEY (model_id) REFERENCES %I.model_access_control(id) ON UPDATE CASCADE ON DELETE CASCADE validated', :'schema'))
    ) AS wanted (name, shape)
    LEFT JOIN pg_constraint AS con
        ON con.conrelid = (SELECT oid FROM junction) AND con.conname = wanted.name
    UNION ALL
    SELECT wanted.name, 'index', wanted.shape,
        coalesce(nullif(concat_ws(' ',
            CASE WHEN index.indisunique THEN 'unique' END,
            regexp_replace(pg_get_indexdef(class.oid), '^.* USING ', ''),
            CASE WHEN index.indisvalid AND index.indisready THEN 'valid' END
        ), ''), 'missing')
    FROM (VALUES
        ('unique_tier_model', 'unique btree (tier_id, model_id) valid'),
        ('idx_tier_model_tier_id', 'btree (tier_id) valid'),
        ('idx_tier_model_model_id', 'btree (model_id) valid'),
        ('idx_tier_model_enabled', 'btree (enabled) WHERE enabled valid'),
        ('idx_tier_model_lookup', 'btree (tier_id, model_id, enabled) valid')
    ) AS wanted (name, shape)
    LEFT JOIN pg_class AS class
        ON class.relname = wanted.name
        AND class.relnamespace = to_regnamespace(quote_ident(:'target'))
    LEFT JOIN pg_index AS index
        ON index.indexrelid = class.oid AND index.indrelid = (SELECT oid FROM junction)
) AS parts
ORDER BY kind, object
