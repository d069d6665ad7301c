-- Sets the change capture to see what an apply worker writes, too, which fires no other triggers. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
ALTER TABLE :"schema".model_access_control
ENABLE ALWAYS TRIGGER :"capture",
ENABLE ALWAYS TRIGGER :"capture_update",
ENABLE ALWAYS TRIGGER :"capture_truncate"
