-- Creates the table of the codes that the last run settled for later grants to be written back with: a tier and its code. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".write_code (
    tier_id integer PRIMARY KEY,
    code text NOT NULL
)
