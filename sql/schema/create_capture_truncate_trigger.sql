-- Creates the trigger that logs that all models were removed at once. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER :"capture_truncate"
AFTER TRUNCATE ON :"schema".model_access_control
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".capture_change(:'ledger')
