-- Keeps autovacuum from the junction table while it is built: it would hold a lock that an index build waits for, and is gone from it only after deadlock_timeout (1 s), later than our lock_timeout (0.5 s). Takes SHARE UPDATE EXCLUSIVE on it.
ALTER TABLE :"target".tier_model_access SET (autovacuum_enabled = false)
