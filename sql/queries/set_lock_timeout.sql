-- Bounds how long this transaction waits for a lock. Locks nothing.
-- An autovacuum gives way to who has waited for deadlock_timeout, and at its default of 1 s nobody here would wait so long; only a superuser may lower it.
SELECT
    set_config('lock_timeout', :'timeout', true),
    CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        THEN set_config('deadlock_timeout', '40ms', true)
    END AS deadlock_timeout
