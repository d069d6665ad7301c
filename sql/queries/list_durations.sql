-- Returns when runs of one mode and outcome began and their seconds, the oldest of the newest 50 first. Reads only.
SELECT started, seconds
FROM (
    SELECT started, extract(EPOCH FROM finished - started)::double precision AS seconds
    FROM :"ledger".run
    WHERE mode = :'mode' AND outcome = :'outcome' AND finished IS NOT NULL
    ORDER BY started DESC LIMIT 50
) AS newest
ORDER BY started
