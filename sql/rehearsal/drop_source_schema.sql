-- Drops the schema of the copy with all that is in it: the database is disposable.
DROP SCHEMA IF EXISTS :"schema" CASCADE
