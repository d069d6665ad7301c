-- Gives back the locks of this run at once: a session that is closed keeps them for a moment longer. Locks nothing.
SELECT pg_advisory_unlock_all()
