-- Notes the checks 1 to 3 of tasks/verify.py as JSON: each part of the junction table is as published. Reads only.
SELECT set_config('tierflow.checks', jsonb_agg(to_jsonb(judged) ORDER BY ordinal)::text, true)
FROM (
    SELECT wanted.ordinal, wanted.name, bool_and(part.ok) AS ok,
        format('%s of %s as published', count(*) FILTER (WHERE part.ok), count(*))
        || coalesce(': ' || string_agg(format('%s is %s', part.object, part.found), '; ' ORDER BY part.object) FILTER (WHERE NOT part.ok), '') AS figure,
        format('%s of %s', count(*), count(*)) AS expected
    FROM jsonb_to_recordset(current_setting('tierflow.frames')::jsonb -> 'schema')
        AS part (object text, kind text, found text, expected text, ok boolean)
    INNER JOIN (VALUES (1, 'table and columns', 'column'), (2, 'foreign keys', 'foreign key'), (3, 'indexes', 'index'))
        AS wanted (ordinal, name, kind) ON part.kind = wanted.kind
    GROUP BY wanted.ordinal, wanted.name
) AS judged
