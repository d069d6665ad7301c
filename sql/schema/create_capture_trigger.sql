-- Creates the trigger that logs added and deleted models. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER :"capture"
AFTER INSERT OR DELETE ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"ledger".capture_change(:'ledger')
