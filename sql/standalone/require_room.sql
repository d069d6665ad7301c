-- Raises when a privilege is missing, or an object with one of our names is not ours or would be dropped with ours, naming all of them. Reads only.
DO $$
DECLARE
    lacking text;
    remedies text;
    foreign_objects text;
BEGIN
    SELECT string_agg(privilege, ', '), string_agg(remedy, '; ') INTO lacking, remedies
    FROM pg_temp.missing_privilege;
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'Privileges are missing: %. Nothing was changed.', lacking
        USING HINT = remedies || '.', ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT string_agg(format('%s %s is %s, not %s', ours.kind, ours.name, coalesce(nullif(ours.found, ''), 'of another kind'), ours.wanted), '; ')
    INTO foreign_objects
    FROM pg_temp.inventory AS ours
    WHERE ours.found <> ours.wanted;
    SELECT concat_ws('; ', foreign_objects, string_agg(obstacle, '; ')) INTO foreign_objects
    FROM pg_temp.obstacle WHERE scope = 'dropped';
    IF foreign_objects <> '' THEN
        RAISE EXCEPTION 'Objects with our names are not ours: %. Nothing was changed.', foreign_objects
        USING HINT = 'Rename or drop them, then run the same script again.', ERRCODE = 'duplicate_object';
    END IF;
END
$$
