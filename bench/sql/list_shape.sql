-- Returns the columns, indexes and constraints of the junction table, one line of text each.
SELECT format('%s %s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END) AS line
FROM pg_catalog.pg_attribute
WHERE attrelid = 'public.tier_model_access'::regclass AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON .* USING ', ' ')
FROM pg_catalog.pg_index
WHERE indrelid = 'public.tier_model_access'::regclass AND indisvalid
UNION ALL
SELECT format('%s %s', conname, replace(pg_get_constraintdef(oid), 'public.', ''))
FROM pg_catalog.pg_constraint
WHERE conrelid = 'public.tier_model_access'::regclass AND contype IN ('p', 'u', 'f')
ORDER BY 1
