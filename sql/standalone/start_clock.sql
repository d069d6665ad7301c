-- Notes the time, before a query is measured. Locks nothing.
SELECT set_config('tierflow.clock', clock_timestamp()::text, true)
