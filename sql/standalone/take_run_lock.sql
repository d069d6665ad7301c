-- Takes the locks that allow one run per database (its ledger is one) and schema, until the end of this transaction; raises when another run holds it. Locks nothing of the application's.
DO $$
BEGIN
    IF NOT (
        pg_try_advisory_xact_lock(hashtext('tierflow'), 0)
        AND pg_try_advisory_xact_lock(hashtext('tierflow'), hashtext(current_setting('tierflow.schema')))
    ) THEN
        RAISE EXCEPTION 'Another run of tierflow is under way in this database. Nothing was changed.'
        USING HINT = 'Wait for it to end, then run the same script again.', ERRCODE = 'lock_not_available';
    END IF;
END
$$
