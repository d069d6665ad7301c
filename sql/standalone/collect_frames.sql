-- Reads the cursors of all checks and notes their rows as JSON, by the name of the check. Reads only.
DO $$
DECLARE
    check_name text;
    answers refcursor;
    answer record;
    frames jsonb := '{}';
    frame jsonb;
BEGIN
    FOREACH check_name IN ARRAY ARRAY['coverage', 'orphans', 'distribution', 'schema', 'compatibility', 'price_differences'] LOOP
        answers := check_name;
        frame := '[]';
        LOOP
            FETCH answers INTO answer;
            EXIT WHEN NOT FOUND;
            frame := frame || to_jsonb(answer);
        END LOOP;
        frames := frames || jsonb_build_object(check_name, frame);
    END LOOP;
    PERFORM set_config('tierflow.frames', frames::text, true);
END
$$
