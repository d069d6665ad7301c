-- Creates the trigger that tells the JSONB what changes the junction table. Takes SHARE ROW EXCLUSIVE on it, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_grants_update
AFTER UPDATE ON :"target".tier_model_access
REFERENCING OLD TABLE AS was NEW TABLE AS moved
FOR EACH STATEMENT
WHEN (current_setting('tierflow.syncing', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION :"ledger".sync_grants()
