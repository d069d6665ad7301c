-- Creates the list of grants that a reconciliation changed after their model was captured: the markup on which both sides agreed then (NULL: no grant). Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".reconciled_grant (
    model_id uuid NOT NULL,
    tier_id integer NOT NULL,
    markup_multiplier numeric(4, 2),
    PRIMARY KEY (model_id, tier_id)
)
