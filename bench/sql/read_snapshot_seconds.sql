-- Returns the seconds in which the captured values were filled, chunk by chunk, and their key was built.
SELECT
    (SELECT coalesce(sum(capture_seconds), 0) FROM tierflow.chunk)
    + (
        SELECT coalesce(max((detail -> 'parts' ->> 'captured_pkey')::double precision), 0)
        FROM tierflow.step WHERE name = 'build indexes'
    ) AS seconds
