-- Records the start of a run. Locks nothing that the application uses.
INSERT INTO :"ledger".run (run_id, mode, database_schema, tierflow_version, started, decisions)
VALUES (:'run_id', :'mode', :'schema', :'version', :'started', :'decisions')
