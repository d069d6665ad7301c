-- Notes how many milliseconds a query took since the clock was started. Locks nothing.
SELECT set_config(
    'tierflow.timings',
    (coalesce(nullif(current_setting('tierflow.timings', true), ''), '[]')::jsonb || jsonb_build_object(
        'query', :'query',
        'round', :'round'::integer,
        'ms', extract(EPOCH FROM clock_timestamp() - current_setting('tierflow.clock')::timestamptz) * 1000
    ))::text,
    true
)
