-- Creates the schema of the unpublished build, if it is not there. Locks nothing that the application uses.
CREATE SCHEMA IF NOT EXISTS :"build"
