-- Raises when somebody else's column has the name of a backup column. Reads only.
DO $$
DECLARE
    named text := (SELECT string_agg(found.obstacle, '; ') FROM pg_temp.obstacle AS found WHERE found.scope = 'backup');
BEGIN
    IF named IS NOT NULL THEN
        RAISE EXCEPTION '%. Nothing was changed.', named
        USING HINT = 'Do what is said, or run the script with -v backup_columns=false.', ERRCODE = 'duplicate_column';
    END IF;
END
$$
