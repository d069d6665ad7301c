-- Returns since when the old columns are gone, and their archive; no row: they are not. Reads only.
SELECT run_id::text AS run_id, database_schema AS schema, finalized, archive, sha256, models, definitions
FROM :"ledger".finalization
