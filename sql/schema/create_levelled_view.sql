-- Creates, for this session, the junction table as it will be when the change log is caught up: the audit compares it with the JSONB of the same snapshot. Takes ACCESS SHARE.
CREATE OR REPLACE TEMPORARY VIEW tier_model_access AS
SELECT access.id, access.tier_id, access.model_id, access.enabled, access.markup_multiplier
FROM :"target".tier_model_access AS access
WHERE access.model_id NOT IN (SELECT log.model_id FROM :"ledger".change_log AS log)
UNION ALL
SELECT NULL, implied.tier_id, implied.model_id, true, implied.markup_multiplier::numeric(4, 2)
FROM :"ledger".implied_grant AS implied
WHERE implied.model_id IN (SELECT log.model_id FROM :"ledger".change_log AS log)
