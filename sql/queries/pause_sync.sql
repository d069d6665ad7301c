-- Lets this transaction write one side without the other following: the flag that stops the sync's recursion. Locks nothing.
SELECT set_config('tierflow.syncing', 'on', true)
