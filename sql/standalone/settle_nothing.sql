-- Notes the checks 4 to 8 as failed, because there is nothing to compare. Reads only.
SELECT set_config('tierflow.checks', (current_setting('tierflow.checks')::jsonb || jsonb_agg(jsonb_build_object(
    'ordinal', wanted.place + 3, 'name', wanted.name, 'ok', false,
    'figure', 'the junction table, its views and functions or its rules are not there', 'expected', 'a published migration'
)))::text, true)
FROM unnest(ARRAY['coverage', 'distribution', 'compatibility layer', 'query performance', 'integrity'])
    WITH ORDINALITY AS wanted (name, place)
