-- Lets this transaction (or the session, unless `local`) fill the backup columns without any other column moving. Locks nothing.
SELECT set_config('tierflow.backing_up', 'on', :'local')
