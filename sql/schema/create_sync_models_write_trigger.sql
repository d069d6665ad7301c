-- Creates the trigger that makes the grants follow at the end of a statement that writes tier columns. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_write
AFTER INSERT OR UPDATE OF tier_access, tier_markup ON :"schema".model_access_control
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_models()
