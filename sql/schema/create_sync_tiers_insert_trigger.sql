-- Creates the trigger by which the code of a new tier begins to mean it. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_insert
AFTER INSERT ON :"schema".subscription_tiers
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_tiers()
