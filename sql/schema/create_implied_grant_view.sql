-- Creates the view of every grant that the JSONB implies under the decisions in force. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".implied_grant AS
SELECT model.id AS model_id, implied.tier_id, implied.markup_multiplier
FROM :"schema".model_access_control AS model
CROSS JOIN LATERAL :"ledger".implied_grants(model.tier_access, model.tier_markup) AS implied
