-- Creates the log of models whose tier columns changed during a run. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".change_log (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_id uuid NOT NULL,
    operation text NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp()
)
