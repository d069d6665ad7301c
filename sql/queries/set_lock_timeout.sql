-- Bounds how long this transaction waits for a lock. Locks nothing.
SELECT set_config('lock_timeout', :'timeout', true)
