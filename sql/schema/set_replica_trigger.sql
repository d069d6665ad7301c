-- Sets that trigger to fire for apply workers only. Takes SHARE ROW EXCLUSIVE on that table, for an instant.
ALTER TABLE :"schema".:"relation" ENABLE REPLICA TRIGGER :"trigger"
