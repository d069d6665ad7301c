-- Creates the trigger that tells the JSONB that the junction table was emptied. Takes SHARE ROW EXCLUSIVE on it, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_grants_truncate
AFTER TRUNCATE ON :"target".tier_model_access
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_grants()
