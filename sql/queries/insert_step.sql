-- Records one finished step of a run. Locks nothing that the application uses.
INSERT INTO :"ledger".step (run_id, ordinal, name, started, seconds, rows, outcome, detail)
VALUES (:'run_id', :'ordinal', :'name', :'started', :'seconds', :'rows', :'outcome', :'detail')
