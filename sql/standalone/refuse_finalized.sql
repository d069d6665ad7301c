-- Raises when the old columns were dropped by `tierflow finalize`: there is nothing to migrate, to verify against or to roll back to. Reads only.
DO $$
DECLARE
    archived text;
BEGIN
    IF to_regclass('tierflow.finalization') IS NOT NULL THEN
        EXECUTE 'SELECT max(archive) FROM tierflow.finalization WHERE database_schema = $1'
        INTO archived USING current_setting('tierflow.schema');
    END IF;
    IF archived IS NOT NULL THEN
        RAISE EXCEPTION 'This database is finalized: the old columns are gone, and their archive is %. Nothing was changed.', archived
        USING HINT = 'To have the old columns back: tierflow restore ' || archived;
    END IF;
END
$$
