-- Takes the locks that the setting tierflow.locks lists, in its order and until the end of the transaction; raises with who holds one that does not come.
DO $$
DECLARE
    said text;
    remedies text;
BEGIN
    FOR said IN
        SELECT format('LOCK TABLE %I.%I IN %s MODE', current_setting('tierflow.schema'), wanted.value ->> 0, wanted.value ->> 1)
        FROM jsonb_array_elements(current_setting('tierflow.locks')::jsonb) WITH ORDINALITY AS wanted (value, place)
        ORDER BY wanted.place
    LOOP
        EXECUTE said;
    END LOOP;
EXCEPTION
    WHEN lock_not_available THEN
        SELECT string_agg(holder.said, '; '), string_agg(DISTINCT holder.remedy, '; ') INTO said, remedies
        FROM pg_temp.lock_holder AS holder;
        RAISE EXCEPTION 'A lock did not come within %: %. Nothing was changed.',
            current_setting('lock_timeout'), coalesce(said, 'who held it has just ended')
        USING HINT = coalesce(remedies || ', then run', 'Run') || ' the same script again.', ERRCODE = 'lock_not_available';
END
$$
