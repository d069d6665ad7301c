-- Takes the lock that allows one run per database and schema, for this session; says whether it was free. Locks nothing of the application's.
SELECT pg_try_advisory_lock(hashtext('tierflow'), hashtext(:'schema')) AS taken
