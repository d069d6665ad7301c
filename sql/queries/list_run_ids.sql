-- Returns the runs whose id begins so, the newest first. Reads only.
SELECT run.run_id::text AS run_id, run.mode, coalesce(run.outcome, 'interrupted or running') AS outcome, run.started
FROM :"ledger".run AS run
WHERE starts_with(run.run_id::text, :'prefix')
ORDER BY run.started DESC, run.run_id
LIMIT :'limit'
