-- Raises when the ledger of this database serves another schema. Reads only.
DO $$
DECLARE
    other text := (
        SELECT stored.schema FROM pg_temp.stored_decision AS stored
        WHERE stored.schema <> current_setting('tierflow.schema')
    );
    way text := 'Roll that back first';
    archived text;
BEGIN
    IF other IS NOT NULL THEN
        IF to_regclass('tierflow.finalization') IS NOT NULL THEN
            EXECUTE 'SELECT max(archive) FROM tierflow.finalization WHERE database_schema = $1' INTO archived USING other;
        END IF;
        IF archived IS NOT NULL THEN
            way := 'That is finalized, so put its old columns back (tierflow restore ' || archived || ') and roll it back first';
        END IF;
        RAISE EXCEPTION 'The ledger of this database serves schema %. Nothing was changed.', quote_ident(other)
        USING HINT = way || ', or migrate each schema in a database of its own.';
    END IF;
END
$$
