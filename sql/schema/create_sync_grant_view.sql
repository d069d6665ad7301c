-- Creates the view of the grants through which the sync reads and writes them. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".sync_grant AS
SELECT id, model_id, tier_id, enabled, markup_multiplier
FROM :"target".tier_model_access
