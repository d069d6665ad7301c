-- Creates the one row that holds the decisions in force, as one JSON object. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".decision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    run_id uuid NOT NULL,
    decisions jsonb NOT NULL,
    fingerprint text NOT NULL
)
