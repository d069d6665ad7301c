-- Creates the trigger that keeps the old code of a renamed tier. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_rename
AFTER UPDATE OF tier_code ON :"schema".subscription_tiers
FOR EACH ROW WHEN (OLD.tier_code IS DISTINCT FROM NEW.tier_code)
EXECUTE FUNCTION :"ledger".sync_tiers()
