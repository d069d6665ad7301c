-- Sets the trigger that tells the JSONB that the junction table was emptied to fire for an apply worker, too: of a TRUNCATE there are no rows to follow. Takes SHARE ROW EXCLUSIVE on it, for an instant.
ALTER TABLE :"schema".tier_model_access ENABLE ALWAYS TRIGGER tierflow_sync_grants_truncate
