-- Records the end of a run. Locks that row of the ledger.
UPDATE :"ledger".run
SET finished = now(), outcome = :'outcome', result = :'result', error = :'error'
WHERE run_id = :'run_id'
