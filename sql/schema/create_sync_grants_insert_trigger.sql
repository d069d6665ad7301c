-- Creates the trigger that tells the JSONB what enters the junction table. Takes SHARE ROW EXCLUSIVE on it, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_grants_insert
AFTER INSERT ON :"target".tier_model_access
REFERENCING NEW TABLE AS moved
FOR EACH STATEMENT
WHEN (current_setting('tierflow.syncing', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION :"ledger".sync_grants()
