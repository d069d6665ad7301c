-- Ends the session's locks at a commit without waiting for the disk or a standby. Locks nothing.
-- A crash of the server may undo its last transactions, in their order, each of them whole: what was to be done again then is in the database again.
SELECT set_config('synchronous_commit', 'off', false)
