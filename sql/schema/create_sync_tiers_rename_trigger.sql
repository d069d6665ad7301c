-- Creates the trigger that keeps the old codes of renamed tiers. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_rename
AFTER UPDATE ON :"schema".subscription_tiers
REFERENCING OLD TABLE AS removed NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_tiers()
