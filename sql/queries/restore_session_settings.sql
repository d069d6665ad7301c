-- Sets what read_session_settings found, after release_session: a pooler gives this session to others. Locks nothing.
SELECT pg_catalog.set_config(left_here.key, left_here.value, false)
FROM pg_catalog.json_each_text(:'settings'::pg_catalog.json) AS left_here
