-- Drops the temporary views of who holds a lock, which would outlive the transaction. Locks nothing.
DROP VIEW pg_temp.lock_holder, pg_temp.run_lock_holder
