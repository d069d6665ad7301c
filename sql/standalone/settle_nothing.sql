-- Notes the eight checks as failed, because there is nothing to verify. Reads only.
SELECT set_config('tierflow.checks', jsonb_agg(jsonb_build_object(
    'ordinal', ordinality, 'name', name, 'ok', false,
    'figure', 'the junction table or its rules are not there', 'expected', 'a published migration'
))::text, true)
FROM unnest(ARRAY[
    'table and columns', 'foreign keys', 'indexes', 'coverage', 'distribution',
    'compatibility layer', 'query performance', 'integrity'
]) WITH ORDINALITY AS wanted (name, ordinality)
