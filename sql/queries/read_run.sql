-- Returns all that the ledger holds of one run, as JSON: its row, its steps, and the chunks that it loaded and nobody since. Reads only.
SELECT
    to_jsonb(run) AS run,
    (SELECT coalesce(jsonb_agg(to_jsonb(step) ORDER BY step.ordinal), '[]') FROM :"ledger".step AS step WHERE step.run_id = run.run_id) AS steps,
    (SELECT coalesce(jsonb_agg(to_jsonb(chunk) ORDER BY chunk.number), '[]') FROM :"ledger".chunk AS chunk WHERE chunk.run_id = run.run_id) AS chunks
FROM :"ledger".run AS run
WHERE run.run_id = :'run_id'::uuid
