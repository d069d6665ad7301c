-- Creates the trigger that notes models whose tier columns changed; a write to other columns costs nothing. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_models_note_update
AFTER UPDATE OF tier_access, tier_markup ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"ledger".sync_note()
