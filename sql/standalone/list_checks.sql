-- Returns the eight checks: name, ok, figure and what was expected. Reads only.
SELECT name, ok, figure, expected
FROM jsonb_to_recordset(current_setting('tierflow.checks')::jsonb)
    AS judged (ordinal integer, name text, ok boolean, figure text, expected text)
ORDER BY ordinal
