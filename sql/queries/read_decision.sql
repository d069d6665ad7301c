-- Returns the decisions in force, if there are any. Reads only.
SELECT run_id::text AS run_id, decisions, fingerprint FROM :"ledger".decision
