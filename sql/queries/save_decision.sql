-- Puts the decisions in force, in place of the ones before where they differ. Locks that row of the ledger.
INSERT INTO :"ledger".decision AS stored (run_id, decisions, fingerprint)
VALUES (:'run_id', :'decisions', :'fingerprint')
ON CONFLICT (only_row) DO UPDATE
SET run_id = excluded.run_id, decisions = excluded.decisions, fingerprint = excluded.fingerprint
WHERE (stored.decisions, stored.fingerprint) IS DISTINCT FROM (excluded.decisions, excluded.fingerprint)
