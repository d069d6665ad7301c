-- Drops the trigger that logs added and deleted models. Takes ACCESS EXCLUSIVE on the models, for an instant.
DROP TRIGGER IF EXISTS :"capture" ON :"schema".model_access_control
