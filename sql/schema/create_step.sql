-- Creates the ledger of steps: one row for each step of each run. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".step (
    run_id uuid NOT NULL REFERENCES :"ledger".run ON DELETE CASCADE,
    ordinal integer NOT NULL,
    name text NOT NULL,
    started timestamptz NOT NULL,
    seconds double precision NOT NULL,
    rows bigint,
    outcome text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (run_id, ordinal)
)
