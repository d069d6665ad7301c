-- Creates the trigger by which grants, tier map and ledger follow a tier to another id. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_key
AFTER UPDATE ON :"schema".subscription_tiers
FOR EACH ROW EXECUTE FUNCTION :"ledger".sync_key('tier')
