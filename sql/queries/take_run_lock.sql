-- Takes the lock that allows one run per database (its ledger is one), for this session; says whether it was free. Locks nothing of the application's.
SELECT pg_try_advisory_lock(hashtext('tierflow'), 0) AS taken
