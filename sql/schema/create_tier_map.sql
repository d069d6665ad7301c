-- Creates the tier map in force: a code of the JSONB and a tier it grants. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".tier_map (
    code text NOT NULL,
    tier_id integer NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (code, tier_id)
)
