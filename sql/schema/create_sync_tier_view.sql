-- Creates the view of the tiers' codes that the sync reads. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".sync_tier AS
SELECT id, tier_code::text AS tier_code
FROM :"schema".subscription_tiers
