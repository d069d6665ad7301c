-- Drops the trigger that logged that all models were removed at once. Takes ACCESS EXCLUSIVE on the models, for an instant.
DROP TRIGGER IF EXISTS :"capture_truncate" ON :"schema".model_access_control
