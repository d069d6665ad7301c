-- Sets the trigger that keeps updated_at to fire for what an apply worker writes, too. Takes SHARE ROW EXCLUSIVE on the junction table, for an instant.
ALTER TABLE :"schema".tier_model_access ENABLE ALWAYS TRIGGER touch_tier_model_access
