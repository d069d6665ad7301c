-- Comes before a query and returns its plan with the time that it took in the server, instead of its rows. Reads only.
EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON)
