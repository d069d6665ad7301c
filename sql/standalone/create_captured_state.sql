-- Creates the temporary table that says whether the captured values are whole. Reads only, but for that table.
CREATE TEMPORARY TABLE captured_state ON COMMIT DROP AS
SELECT counted.gone, counted.ranges > 0 AND counted.ranges_without = 0 AND counted.gone = 0 AS is_complete
FROM pg_temp.captured_count AS counted
