-- Drops a trigger, if it is there. Takes ACCESS EXCLUSIVE on its table, for an instant.
DROP TRIGGER IF EXISTS :"trigger" ON :"schema".:"relation"
