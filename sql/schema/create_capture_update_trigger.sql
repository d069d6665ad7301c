-- Creates the trigger that logs models whose tier columns changed. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
CREATE OR REPLACE TRIGGER :"capture_update"
AFTER UPDATE OF tier_access, tier_markup ON :"schema".model_access_control
FOR EACH ROW
WHEN (
    OLD.tier_access IS DISTINCT FROM NEW.tier_access
    OR OLD.tier_markup IS DISTINCT FROM NEW.tier_markup
)
EXECUTE FUNCTION :"ledger".capture_change(:'ledger')
