-- Creates the schema of the copy, if it is not there.
CREATE SCHEMA IF NOT EXISTS :"schema"
