-- Creates the trigger that forgets the quarantined elements of deleted models; their grants go with the key. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_delete
AFTER DELETE ON :"schema".model_access_control
REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_models()
