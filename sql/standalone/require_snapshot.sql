-- Raises when the backup columns do not hold the captured values of all models. Reads only.
DO $$
DECLARE
    unfinished bigint := (SELECT sum(chunks) FROM pg_temp.unfinished_backup);
    missing bigint := (SELECT count(*) FROM pg_temp.inventory AS ours WHERE ours.kind = 'column' AND ours.found IS NULL);
BEGIN
    IF unfinished > 0 OR missing > 0 THEN
        RAISE EXCEPTION 'The captured values are not complete, so they cannot be restored. Nothing was changed.'
        USING HINT = 'Run the script without -v restore_snapshot=true: it keeps the JSONB and needs no snapshot.';
    END IF;
END
$$
