-- Lets this transaction fill the backup columns without any other column moving. Locks nothing.
SELECT set_config('tierflow.backing_up', 'on', true)
