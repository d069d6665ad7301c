-- Notes the checks 4 to 8 of tasks/verify.py as JSON, judged from the frames, the speed and the least coverage. Reads only.
SELECT set_config('tierflow.checks', (current_setting('tierflow.checks')::jsonb || jsonb_agg(to_jsonb(judged) ORDER BY ordinal))::text, true)
FROM (
    WITH frames AS (
        SELECT current_setting('tierflow.frames')::jsonb AS value
    ),

    tier AS (
        SELECT tier.*, place FROM frames
        CROSS JOIN LATERAL jsonb_array_elements(frames.value -> 'distribution') WITH ORDINALITY AS item (value, place)
        CROSS JOIN LATERAL jsonb_to_record(item.value) AS tier (tier_code text, models bigint, source_models bigint, min_markup numeric, max_markup numeric, mean_markup numeric)
    ),

    answer AS (
        SELECT answer.* FROM frames
        CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'compatibility') AS answer (
            tier_code text, write_code text, old_models bigint, asked_models bigint, view_differences bigint, function_differences bigint,
            availability_differences bigint, availability_questions bigint
        )
    ),

    -- tables that apply workers write: tierflow/subscriptions.py
    subscribed AS (
        SELECT subscribed.*, subscribed.may_follow AND subscribed.is_owned AS is_wanted,
            EXISTS (
                SELECT FROM jsonb_to_recordset(frames.value -> 'objects') AS object (kind text, name text)
                WHERE object.kind = 'trigger' AND object.name = subscribed.trigger
            ) AS is_there
        FROM frames
        CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'subscribed')
            AS subscribed (relation text, subscriptions text, trigger text, may_follow boolean, is_owned boolean)
    ),

    -- the triggers by which each side follows the other
    unsynced AS (
        SELECT format('%s is not the table that was migrated: that one is %s', swapped.relation, coalesce(format('%I.%I now', swapped.now_schema, swapped.now_name), 'gone')) AS said
        FROM frames
        CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'swapped') AS swapped (relation text, now_schema text, now_name text)
        UNION ALL
        SELECT format('trigger %s is not there or disabled', trigger) AS said FROM subscribed WHERE is_wanted AND NOT is_there
        UNION ALL
        SELECT format('trigger %s follows a table whose other side is replicated too', trigger) FROM subscribed WHERE NOT may_follow AND is_there
        UNION ALL
        SELECT format('trigger %s is not there or disabled', name) AS said
        FROM unnest(ARRAY[
            'tierflow_sync_models_key', 'tierflow_sync_models_note_insert', 'tierflow_sync_models_note_update', 'tierflow_sync_models_write',
            'tierflow_sync_models_delete', 'tierflow_sync_models_truncate',
            'tierflow_sync_grants_lock', 'tierflow_sync_grants_insert', 'tierflow_sync_grants_update',
            'tierflow_sync_grants_delete', 'tierflow_sync_grants_truncate',
            'tierflow_sync_tiers_key', 'tierflow_sync_tiers_insert', 'tierflow_sync_tiers_rename', 'tierflow_sync_tiers_delete', 'tierflow_sync_tiers_truncate'
        ]) AS wanted (name)
        WHERE wanted.name NOT IN (
            SELECT object.name FROM frames
            CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'objects') AS object (kind text, name text)
            WHERE object.kind = 'trigger'
        )
    ),

    quarantined AS (
        SELECT count(*) AS elements,
            string_agg(format('%s (%s)', element ->> 'model_identifier', concat_ws(': ', element ->> 'reason', element ->> 'refused')), ', ' ORDER BY place) FILTER (WHERE place <= 5) AS named
        FROM frames
        CROSS JOIN LATERAL jsonb_array_elements(frames.value -> 'new_quarantine') WITH ORDINALITY AS item (element, place)
    ),

    -- without them a way back is closed: tasks/captured.py
    uncaptured AS (
        SELECT CASE WHEN stored.gone > 0 THEN format('; the captured values of %s models are gone from the ledger', stored.gone)
            WHEN stored.ranges IS NULL OR stored.ranges = 0 OR stored.ranges_without > 0 THEN '; the ledger holds no captured values of these models'
        END AS said
        FROM frames
        LEFT JOIN LATERAL jsonb_to_recordset(frames.value -> 'captured') AS stored (ranges bigint, ranges_without bigint, gone bigint) ON true
    ),

    speed AS (
        SELECT best.* FROM jsonb_to_recordset(current_setting('tierflow.speed')::jsonb)
            AS best (ordinal integer, query text, ms double precision, most double precision)
    )

    SELECT 4 AS ordinal, 'coverage' AS name, every.coverage = 1 AND every.share >= :'least'::numeric AS ok,
        format('%s %% of the enabled models that should have a grant, %s %% of all enabled models',
            round(every.coverage * 100, 1), round(every.share * 100, 1)) AS figure,
        format('100.0 %%, and at least %s %%', round(:'least'::numeric * 100, 1)) AS expected
    FROM frames
    CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'coverage') AS every (provider text, coverage numeric, share numeric)
    WHERE every.provider = '(all)'
    UNION ALL
    SELECT 5, 'distribution', coalesce(bool_and(models = source_models), true),
        coalesce(string_agg(
            format('%s %s', tier_code, models)
            || CASE WHEN models <> source_models THEN format(' (the JSONB has %s)', source_models) ELSE '' END
            || CASE WHEN models > 0 THEN format(', markup %s to %s, mean %s', round(min_markup, 2), round(max_markup, 2), round(mean_markup, 2)) ELSE '' END,
            '; ' ORDER BY place
        ), 'no tier'),
        'each tier as many as in the JSONB'
    FROM tier
    UNION ALL
    SELECT 6, 'compatibility layer', differences.wrong IS NULL,
        format('%s answers of the view and of get_models_for_tier, %s of is_model_available_for_tier; %s',
            asked.answers, asked.questions, coalesce(differences.wrong, 'no difference'))
        || coalesce((
            SELECT format(' (the old application, %s)', string_agg(
                format('asked for %L it finds %s of the %s models of %s', write_code, asked_models, old_models, tier_code), '; '
            ))
            FROM answer
            WHERE asked_models < old_models AND write_code IS NOT NULL
            HAVING count(*) > 0
        ), '') || coalesce((
            SELECT string_agg(format('; %s is written by logical replication (subscription %s), which the sync does not follow', relation, subscriptions), '' ORDER BY relation)
            FROM subscribed WHERE NOT is_wanted
        ), ''),
        'each tier answers as the old JSONB query'
    FROM (
        SELECT coalesce(sum(old_models), 0) AS answers, coalesce(sum(availability_questions), 0) AS questions FROM answer
    ) AS asked
    CROSS JOIN (
        SELECT string_agg(said, '; ') AS wrong
        FROM (
            SELECT format('%s: %s view differences', tier_code, view_differences) AS said FROM answer WHERE view_differences > 0
            UNION ALL
            SELECT format('%s: %s function differences', tier_code, function_differences) FROM answer WHERE function_differences > 0
            UNION ALL
            SELECT format('%s: %s availability differences', tier_code, availability_differences) FROM answer WHERE availability_differences > 0
            UNION ALL
            SELECT format('%s prices differ', price.differences)
            FROM frames
            CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'price_differences') AS price (differences bigint)
            WHERE price.differences > 0
            UNION ALL
            SELECT unsynced.said FROM unsynced
            UNION ALL
            SELECT 'function sync_rewrite is not there' FROM frames WHERE NOT frames.value ? 'later_grants'
            UNION ALL
            SELECT format('%s: a later grant is written as %s, and the old application asks for %L', later.tier_code, later.written, later.write_code)
            FROM frames
            CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'later_grants')
                AS later (tier_code text, write_code text, written text, is_found boolean)
            WHERE NOT later.is_found
            UNION ALL
            SELECT format('view %s has no security_invoker', name)
            FROM unnest(ARRAY['v_model_tier_access', 'v_tier_model_summary']) AS wanted (name)
            WHERE wanted.name NOT IN (
                SELECT object.name FROM frames
                CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'objects') AS object (kind text, name text)
                WHERE object.kind = 'security_invoker'
            )
        ) AS difference
    ) AS differences
    UNION ALL
    SELECT 7, 'query performance', bool_and(ms < most),
        string_agg(format('%s %s ms', query, round(ms::numeric, 1)), '; ' ORDER BY ordinal),
        string_agg(format('%s < %s ms', query, round(most)), '; ' ORDER BY ordinal)
    FROM speed
    UNION ALL
    SELECT 8, 'integrity', bool_and(kind.rows = 0) AND (SELECT uncaptured.said IS NULL FROM uncaptured),
        coalesce(string_agg(format('%s %s (%s)', kind.rows, kind.check, kind.sample), '; ') FILTER (WHERE kind.rows > 0),
            '0 orphans, 0 duplicates, parity 0/0/0')
        || (
            SELECT CASE WHEN elements > 0 THEN
                format('; %s elements quarantined since the migration: %s', elements, named)
                || CASE WHEN elements > 5 THEN format(' and %s more', elements - 5) ELSE '' END
            ELSE '' END
            FROM quarantined
        )
        || (SELECT coalesce(uncaptured.said, '') FROM uncaptured),
        '0 orphans, 0 duplicates, parity 0/0/0'
    FROM frames
    CROSS JOIN LATERAL jsonb_to_recordset(frames.value -> 'orphans') AS kind (kind text, "check" text, rows bigint, sample text)
) AS judged
