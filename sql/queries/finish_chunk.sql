-- Records a loaded chunk with its counts. Locks that row of the ledger.
UPDATE :"ledger".chunk SET
    run_id = :'run_id',
    loaded = now(),
    seconds = :'seconds',
    source_models = :'source_models',
    source_elements = :'source_elements',
    migrated = :'migrated',
    merged = :'merged',
    duplicates = :'duplicates',
    quarantined = :'quarantined',
    grants = :'grants',
    defaulted_markups = :'defaulted_markups',
    captured = nullif(:'captured'::text, '')::bigint,
    capture_seconds = nullif(:'capture_seconds'::text, '')::double precision
WHERE number = :'number'
