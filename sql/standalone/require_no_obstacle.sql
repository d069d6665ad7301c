-- Raises when the source, or what others have put where we build, is what a migration cannot live with, naming all of it. Reads only.
DO $$
DECLARE
    named text := (
        SELECT string_agg(found.obstacle, '; ' ORDER BY found.obstacle)
        FROM (SELECT obstacle FROM pg_temp.obstacle WHERE scope <> 'backup' UNION ALL SELECT obstacle FROM pg_temp.twin_tier) AS found
    );
BEGIN
    IF named IS NOT NULL THEN
        RAISE EXCEPTION 'A migration cannot live with this: %. Nothing was changed.', named
        USING HINT = 'Do what is said of each, then run the same script again.', ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$
