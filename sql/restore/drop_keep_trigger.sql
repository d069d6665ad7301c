-- Drops the restore's trigger. Takes ACCESS EXCLUSIVE on the models, until the commit.
DROP TRIGGER IF EXISTS zzzzz_tierflow_restore ON :"schema".model_access_control
