-- Takes the locks that allow one run per database (its ledger is one) and schema, until the end of this transaction; raises, naming the holder, when another run holds it. Locks nothing of the application's.
DO $$
DECLARE
    said text;
    remedies text;
BEGIN
    IF NOT (
        pg_try_advisory_xact_lock(hashtext('tierflow'), 0)
        AND pg_try_advisory_xact_lock(hashtext('tierflow'), hashtext(current_setting('tierflow.schema')))
    ) THEN
        SELECT string_agg(holder.said, '; '), string_agg(DISTINCT holder.remedy, '; ') INTO said, remedies
        FROM pg_temp.run_lock_holder AS holder;
        RAISE EXCEPTION 'Another run of tierflow is under way in this database (%). Nothing was changed.', coalesce(said, 'just ended')
        USING HINT = coalesce(remedies || ', then run', 'Run') || ' the same script again.', ERRCODE = 'lock_not_available';
    END IF;
END
$$
