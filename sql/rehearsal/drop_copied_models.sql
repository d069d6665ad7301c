-- Drops the copy of the models with all that needs it: the database is disposable.
DROP TABLE IF EXISTS :"schema".model_access_control CASCADE
