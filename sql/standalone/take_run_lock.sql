-- Takes the lock that allows one run per database and schema, until the end of this transaction; raises when another run holds it. Locks nothing of the application's.
DO $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('tierflow'), hashtext(current_setting('tierflow.schema'))) THEN
        RAISE EXCEPTION 'Another run of tierflow is under way on schema %. Nothing was changed.',
            current_setting('tierflow.schema')
        USING HINT = 'Wait for it to end, then run the same script again.', ERRCODE = 'lock_not_available';
    END IF;
END
$$
