-- Takes the locks that allow one run per database (its ledger is one) and, as the standalone scripts take it, per schema, for this session; says whether they were free. Locks nothing of the application's.
SELECT pg_try_advisory_lock(hashtext('tierflow'), 0)
    AND pg_try_advisory_lock(hashtext('tierflow'), hashtext(:'schema')) AS taken
