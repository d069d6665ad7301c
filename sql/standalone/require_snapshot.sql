-- Raises when the backup columns do not hold the captured values of all models: without them nobody can say which side is newer. Reads only.
DO $$
DECLARE
    unfinished bigint := (SELECT sum(stored.chunks) FROM pg_temp.unfinished_backup AS stored);
    missing bigint := (SELECT count(*) FROM pg_temp.inventory AS ours WHERE ours.kind = 'column' AND ours.found IS NULL);
BEGIN
    IF unfinished > 0 OR missing > 0 THEN
        RAISE EXCEPTION 'The captured values are not complete, so nobody can say what was changed since. Nothing was changed.'
        USING HINT = 'Run migrate_to_dynamic_tiers.sql, which makes the table follow the JSONB and captures it afresh, and roll back then.';
    END IF;
END
$$
