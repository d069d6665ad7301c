-- Creates the table of captured values: the tier columns of each model as they were loaded and, until the publish, caught up with. Its key is built after the load. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".captured (
    model_id uuid NOT NULL,
    tier_access jsonb,
    tier_markup jsonb,
    caught_up boolean NOT NULL DEFAULT false
)
