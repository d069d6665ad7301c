-- Creates the trigger by which grants and ledger follow a model to another id. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_key
AFTER UPDATE OF id ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"ledger".sync_key('model')
