-- Creates the one row that says that the old columns are gone: since when, where their archive is, and the statements that make them again. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".finalization (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    run_id uuid NOT NULL,
    database_schema text NOT NULL,
    finalized timestamptz NOT NULL DEFAULT now(),
    archive text NOT NULL,
    sha256 text NOT NULL,
    models bigint NOT NULL,
    definitions text[] NOT NULL
)
