-- Creates the temporary table of a ledger without captured values, as queries/count_captured.sql fills it. Touches nothing else.
CREATE TEMPORARY TABLE captured_count ON COMMIT DROP AS
SELECT 0::bigint AS ranges, 0::bigint AS ranges_without, 0::bigint AS gone
