-- Raises when one of the eight checks did not pass. Reads only.
DO $$
DECLARE
    failed text;
BEGIN
    SELECT string_agg(name, ', ' ORDER BY ordinal) INTO failed
    FROM jsonb_to_recordset(current_setting('tierflow.checks')::jsonb) AS judged (ordinal integer, name text, ok boolean)
    WHERE ok IS NOT TRUE;
    IF failed IS NOT NULL THEN
        RAISE EXCEPTION 'Checks failed: %.', failed
        USING HINT = 'See the table above; migrate_to_dynamic_tiers.sql repairs grants and objects.';
    END IF;
END
$$
