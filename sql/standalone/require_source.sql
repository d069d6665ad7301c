-- Raises when the server is too old, a source table or column is missing or of another type, or a table is none or stands in a schema of ours, naming all of them. Reads only.
DO $$
DECLARE
    wrong text;
BEGIN
    IF current_setting('server_version_num')::integer < 140000 THEN
        RAISE EXCEPTION 'PostgreSQL % is older than 14. Nothing was changed.', current_setting('server_version');
    END IF;
    IF current_setting('tierflow.schema') IN ('tierflow', 'tierflow_build', 'tierflow_dry_run') THEN
        RAISE EXCEPTION 'Schema % belongs to tierflow itself. Nothing was changed.', current_setting('tierflow.schema')
        USING HINT = 'Give the schema of the source tables with -v schema=NAME.';
    END IF;
    SELECT string_agg(
        CASE
            WHEN wanted.name = 'id' AND found.kind NOT IN ('r', 'p') THEN
                format('%s.%s is not a table', current_setting('tierflow.schema'), wanted.relation)
            WHEN found.name IS NOT NULL THEN
                format('column %s.%s is %s, not %s', wanted.relation, wanted.name, found.type, wanted.types[1])
            WHEN EXISTS (SELECT FROM pg_temp.found_column AS other WHERE other.relation = wanted.relation) THEN
                format('column %s.%s is missing', wanted.relation, wanted.name)
            WHEN wanted.name = 'id' THEN format('table %s.%s is missing', current_setting('tierflow.schema'), wanted.relation)
        END, '; ' ORDER BY wanted.relation DESC, wanted.name
    ) INTO wrong
    FROM (VALUES
        ('subscription_tiers', 'id', ARRAY['integer']),
        ('subscription_tiers', 'tier_code', ARRAY['character varying', 'text']),
        ('subscription_tiers', 'tier_name', ARRAY['character varying', 'text']),
        ('subscription_tiers', 'is_active', ARRAY['boolean']),
        ('subscription_tiers', 'sort_order', ARRAY['integer']),
        ('model_access_control', 'id', ARRAY['uuid']),
        ('model_access_control', 'model_id', ARRAY['character varying', 'text']),
        ('model_access_control', 'provider', ARRAY['character varying', 'text']),
        ('model_access_control', 'display_name', ARRAY['character varying', 'text']),
        ('model_access_control', 'enabled', ARRAY['boolean']),
        ('model_access_control', 'deprecated', ARRAY['boolean']),
        ('model_access_control', 'tier_access', ARRAY['jsonb']),
        ('model_access_control', 'tier_markup', ARRAY['jsonb']),
        ('model_access_control', 'pricing', ARRAY['jsonb'])
    ) AS wanted (relation, name, types)
    LEFT JOIN pg_temp.found_column AS found ON wanted.relation = found.relation AND wanted.name = found.name
    WHERE found.name IS NULL OR (wanted.name = 'id' AND found.kind NOT IN ('r', 'p')) OR split_part(found.type, '(', 1) <> ALL(wanted.types);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'The source is not as expected: %. Nothing was changed.', wrong
        USING HINT = 'Choose the right database, and the right schema with -v schema=NAME.';
    END IF;
END
$$
