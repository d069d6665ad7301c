-- Has the session's prepared statements planned once, not anew for each of the first executions. Locks nothing.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
