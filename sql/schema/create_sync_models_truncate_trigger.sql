-- Creates the trigger that empties the quarantine with the models. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_truncate
AFTER TRUNCATE ON :"schema".model_access_control
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_models()
