-- Takes a lock of this session's own, by which another session can see that it is on the same server. Locks nothing of the application's.
SELECT pg_advisory_lock(:'mark_high'::integer, :'mark_low'::integer)
