-- Drops the trigger that logs changed models. Takes ACCESS EXCLUSIVE on the models, for an instant.
DROP TRIGGER IF EXISTS :"capture_update" ON :"schema".model_access_control
