-- Records that the old columns are gone. Locks nothing that the application uses.
INSERT INTO :"ledger".finalization (run_id, database_schema, archive, sha256, models, definitions)
VALUES (:'run_id', :'schema', :'archive', :'sha256', :'models', :'definitions'::text [])
