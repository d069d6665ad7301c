-- Returns how many key ranges there are, how many of them have no captured values, and how many that a run has recorded are gone. Reads only.
:head
SELECT
    count(*) AS ranges,
    count(*) FILTER (WHERE captured IS NULL) AS ranges_without,
    greatest(0, coalesce(sum(captured), 0) - (SELECT count(*) FROM :"ledger".captured))::bigint AS gone
FROM :"ledger".chunk
