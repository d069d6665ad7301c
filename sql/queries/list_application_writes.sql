-- Returns statements that write one model as an application does, and change nothing of it: what each does, and its text. Locks that row FOR UPDATE; no row where others have locked all.
WITH chosen AS (
    SELECT id FROM :"schema".model_access_control LIMIT 1 FOR UPDATE SKIP LOCKED
),

own AS (
    SELECT
        string_agg(format('%1$I = %1$I', attribute.attname), ', ' ORDER BY attribute.attnum) FILTER (WHERE attribute.attidentity <> 'a') AS same,
        string_agg(quote_ident(attribute.attname), ', ' ORDER BY attribute.attnum) AS names
    FROM pg_attribute AS attribute
    WHERE attribute.attrelid = to_regclass(format('%I.model_access_control', :'schema'::text))
        AND attribute.attnum > 0 AND NOT attribute.attisdropped AND attribute.attgenerated = ''
)

SELECT 'UPDATE' AS operation,
    format('UPDATE %I.model_access_control SET %s WHERE id = %L', :'schema'::text, own.same, chosen.id) AS statement
FROM chosen
CROSS JOIN own
UNION ALL
SELECT 'DELETE and INSERT',
    format(
        'WITH model AS (DELETE FROM %1$I.model_access_control WHERE id = %2$L RETURNING %3$s)'
        ' INSERT INTO %1$I.model_access_control (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM model',
        :'schema'::text, chosen.id, own.names
    )
FROM chosen
CROSS JOIN own
