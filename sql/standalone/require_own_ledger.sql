-- Raises when the ledger of this database serves another schema. Reads only.
DO $$
DECLARE
    other text := (
        SELECT stored.schema FROM pg_temp.stored_decision AS stored
        WHERE stored.schema <> current_setting('tierflow.schema')
    );
BEGIN
    IF other IS NOT NULL THEN
        RAISE EXCEPTION 'The ledger of this database serves schema %. Nothing was changed.', quote_ident(other)
        USING HINT = 'Roll that back first, or migrate each schema in a database of its own.';
    END IF;
END
$$
