-- Reads the cursors of all checks ("check NAME") and notes their rows as JSON, by the name of the check. Reads only.
DO $$
DECLARE
    check_name text;
    answers refcursor;
    answer record;
    frames jsonb := '{}';
    frame jsonb;
BEGIN
    FOR check_name IN SELECT cursors.name FROM pg_cursors AS cursors WHERE cursors.name LIKE 'check %' LOOP
        answers := check_name;
        frame := '[]';
        LOOP
            FETCH answers INTO answer;
            EXIT WHEN NOT FOUND;
            frame := frame || to_jsonb(answer);
        END LOOP;
        frames := frames || jsonb_build_object(substr(check_name, 7), frame);
    END LOOP;
    PERFORM set_config('tierflow.frames', frames::text, true);
END
$$
