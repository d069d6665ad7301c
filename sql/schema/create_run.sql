-- Creates the ledger of runs. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".run (
    run_id uuid PRIMARY KEY,
    mode text NOT NULL,
    database_schema text NOT NULL,
    tierflow_version text NOT NULL,
    started timestamptz NOT NULL DEFAULT now(),
    finished timestamptz,
    outcome text,
    decisions jsonb NOT NULL,
    result jsonb,
    error text
)
