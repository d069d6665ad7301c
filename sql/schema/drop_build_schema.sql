-- Drops the build and all that belongs to it. Takes ACCESS EXCLUSIVE on the live tables for an instant when the build held keys or triggers on them.
DROP SCHEMA IF EXISTS :"build" CASCADE
