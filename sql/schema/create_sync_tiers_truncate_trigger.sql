-- Creates the trigger that takes the codes of all tiers out of the JSONB before the tiers are emptied: then they could no longer be told. Takes SHARE ROW EXCLUSIVE on the tiers, for an instant.
CREATE OR REPLACE TRIGGER tierflow_sync_tiers_truncate
BEFORE TRUNCATE ON :"schema".subscription_tiers
FOR EACH STATEMENT EXECUTE FUNCTION :"ledger".sync_tiers()
