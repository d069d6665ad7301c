-- Returns the first id of every chunk but the first, in order, from a sample of the table's pages (all of a small table): chunks of about so many models and bytes of stored JSON. Reads only.
-- A sample: cutting 1,000,000 models by a walk over all keys took 0.5 s, from 2,000 pages 0.1 s.
WITH size AS (
    SELECT least(1.0, :'pages'::double precision / greatest(pg_relation_size(
        to_regclass(quote_ident(:'schema') || '.model_access_control')
    ) / current_setting('block_size')::bigint, 1)) AS fraction
),

sample AS MATERIALIZED (
    SELECT id, coalesce(pg_column_size(tier_access), 0) + coalesce(pg_column_size(tier_markup), 0) AS bytes
    FROM :"schema".model_access_control
    TABLESAMPLE SYSTEM ((SELECT 100.0 * fraction FROM size)) REPEATABLE (1)
),

most AS (
    SELECT greatest(1.0, fraction * least(:'chunk_models'::bigint, :'chunk_bytes'::bigint / greatest(bytes, 1))) AS models
    FROM size
    CROSS JOIN (SELECT avg(bytes) AS bytes FROM sample) AS average
),

-- all of about one size: the last is not a remainder, and 1 % over is not one more
chunk AS (
    SELECT ceil(count(*) / greatest(1, ceil(count(*) / most.models - 0.1)))::bigint AS models
    FROM sample
    CROSS JOIN most
    GROUP BY most.models
)

SELECT numbered.id
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM sample) AS numbered
CROSS JOIN chunk
WHERE (numbered.number - 1) % chunk.models = 0 AND numbered.number > 1
ORDER BY numbered.id
