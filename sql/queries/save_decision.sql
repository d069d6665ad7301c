-- Puts the decisions in force, in place of the ones before. Locks that row of the ledger.
INSERT INTO :"ledger".decision (run_id, decisions, fingerprint)
VALUES (:'run_id', :'decisions', :'fingerprint')
ON CONFLICT (only_row) DO UPDATE
SET run_id = excluded.run_id, decisions = excluded.decisions, fingerprint = excluded.fingerprint
