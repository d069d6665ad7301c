-- Creates the trigger that logs models whose tier columns changed. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
-- Without UPDATE OF: that goes by the columns a statement names, and misses what a BEFORE trigger of the application sets.
CREATE OR REPLACE TRIGGER :"capture_update"
AFTER UPDATE ON :"schema".model_access_control
FOR EACH ROW
WHEN (
    OLD.tier_access IS DISTINCT FROM NEW.tier_access
    OR OLD.tier_markup IS DISTINCT FROM NEW.tier_markup
    OR OLD.id IS DISTINCT FROM NEW.id
)
EXECUTE FUNCTION :"ledger".capture_change(:'ledger')
