-- Counts the session's table for the planner. Locks nothing of the application's.
ANALYZE pg_temp.restored
