-- Drops the trigger by which the other side follows an apply worker. Takes ACCESS EXCLUSIVE on that table, for an instant.
DROP TRIGGER IF EXISTS :"trigger" ON :"schema".:"relation"
