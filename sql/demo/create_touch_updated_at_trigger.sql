-- Makes every UPDATE of a model stamp updated_at; SHARE ROW EXCLUSIVE lock on model_access_control.
CREATE TRIGGER touch_updated_at
BEFORE UPDATE ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"schema".touch_updated_at();
