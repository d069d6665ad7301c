-- Creates the trigger that notes new models with access. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_note_insert
AFTER INSERT ON :"schema".model_access_control
FOR EACH ROW
WHEN (NEW.tier_access IS NOT NULL)
EXECUTE FUNCTION :"ledger".sync_note()
