-- Creates the trigger that locks the model of a new grant first, as a writer of the model does. Takes SHARE ROW EXCLUSIVE on the junction table, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_grants_lock
BEFORE INSERT ON :"target".tier_model_access
FOR EACH ROW
WHEN (current_setting('tierflow.syncing', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION :"ledger".sync_lock()
