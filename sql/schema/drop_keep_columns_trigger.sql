-- Drops the backup's trigger. Takes ACCESS EXCLUSIVE on the models, for an instant.
DROP TRIGGER IF EXISTS zzzz_tierflow_keep_other_columns ON :"schema".model_access_control
