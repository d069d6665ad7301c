-- Lets this transaction write the tier columns without any other column moving. Locks nothing.
SELECT set_config('tierflow.restoring', 'on', true)
