-- Keeps writers off the two sides while a rollback compares and writes. Takes SHARE ROW EXCLUSIVE: readers pass, writers wait.
LOCK TABLE :"schema".model_access_control IN SHARE ROW EXCLUSIVE MODE
