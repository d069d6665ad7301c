-- Creates the view of the models' tier columns through which the sync reads and writes them: its functions need no name of the application's schema. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".sync_model AS
SELECT id, model_id, tier_access, tier_markup
FROM :"schema".model_access_control
