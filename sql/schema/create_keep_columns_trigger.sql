-- Creates the trigger that undoes what other triggers do to a row while it is backed up; its name sorts last, and any UPDATE fires it, also one that such a trigger makes. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER zzzz_tierflow_keep_other_columns
BEFORE UPDATE ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"ledger".keep_other_columns()
