-- Raises when one of the three tables is another than the one that was migrated, which a tool has set aside by renaming. Reads only.
DO $$
DECLARE
    named text := (
        SELECT string_agg(format('%s is not the table that was migrated: that one is %s', swapped.relation, coalesce(format('%I.%I now', swapped.now_schema, swapped.now_name), 'gone')), '; ' ORDER BY swapped.relation)
        FROM pg_temp.swapped AS swapped
    );
BEGIN
    IF named IS NOT NULL THEN
        RAISE EXCEPTION '%. Nothing was changed.', named
        USING HINT = '`tierflow migrate` (the grants follow the JSONB) or `tierflow reconcile --from junction` takes it up again.', ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$
