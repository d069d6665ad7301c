-- Records the end of a run. Locks that row of the ledger.
UPDATE :"ledger".run
SET finished = clock_timestamp(), outcome = :'outcome', result = :'result', error = nullif(:'error'::text, '')
WHERE run_id = :'run_id'
