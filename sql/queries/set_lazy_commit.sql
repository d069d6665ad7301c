-- Has the transaction (or the session, unless `local`) end its locks at a commit without waiting for the disk or a standby. Locks nothing.
-- Nothing is lost by it: whatever is committed later, by anybody, reaches the disk after it, and so does the ledger's record of the step. A crash of the server before that undoes the transaction as a whole.
SELECT set_config('synchronous_commit', 'off', :'local')
