-- Creates the ledger of chunks: a row for each key range that is loaded, with its counts, how many captured values it has, and how far the backup columns are filled. Locks nothing that the application uses.
CREATE TABLE IF NOT EXISTS :"ledger".chunk (
    number integer PRIMARY KEY,
    low uuid,
    high uuid,
    run_id uuid,
    loaded timestamptz,
    seconds double precision,
    source_models bigint,
    source_elements bigint,
    migrated bigint,
    merged bigint,
    duplicates bigint,
    quarantined bigint,
    grants bigint,
    defaulted_markups bigint,
    captured bigint,
    capture_seconds double precision,
    backed_up_to uuid,
    backed_up timestamptz
)
