-- Creates the trigger that takes the codes of deleted tiers out of the JSONB; their grants go with the key. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_delete
AFTER DELETE ON :"schema".subscription_tiers
REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_tiers()
