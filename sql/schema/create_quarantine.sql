-- Creates the quarantine: source elements that could not be migrated, each with its reason. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".quarantine (
    model_id uuid NOT NULL,
    model_identifier text NOT NULL,
    position integer NOT NULL,
    code text,
    reason text NOT NULL,
    value jsonb,
    tier_codes text[] NOT NULL,
    recorded timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_id, position)
)
