-- Creates the trigger that keeps updated_at of the grants. Takes SHARE ROW EXCLUSIVE on the junction table.
CREATE OR REPLACE TRIGGER touch_tier_model_access
BEFORE UPDATE ON :"target".tier_model_access
FOR EACH ROW EXECUTE FUNCTION :"schema".touch_tier_model_access()
