-- Creates the session's list of models whose grants are not what the file implies under the decisions in force. Takes ACCESS SHARE.
CREATE TEMPORARY TABLE newer ON COMMIT DROP AS
SELECT
    model.id AS model_id,
    min(model.model_id::text) AS model,
    coalesce(string_agg(format('%s at %s', tier.tier_code, given.markup_multiplier), ', ' ORDER BY tier.id)
        FILTER (WHERE given.tier_id IS NOT NULL), 'no grant') AS now,
    coalesce(string_agg(format('%s at %s', tier.tier_code, implied.markup_multiplier), ', ' ORDER BY tier.id)
        FILTER (WHERE implied.tier_id IS NOT NULL), 'no grant') AS restored
FROM (
    SELECT old.id AS model_id, said.tier_id, said.markup_multiplier
    FROM pg_temp.restored AS old
    CROSS JOIN LATERAL :"ledger".implied_grants(old.tier_access, old.tier_markup) AS said
) AS implied
FULL JOIN (
    SELECT access.model_id, access.tier_id, access.markup_multiplier
    FROM :"schema".tier_model_access AS access WHERE access.enabled
) AS given ON implied.model_id = given.model_id AND implied.tier_id = given.tier_id
INNER JOIN :"schema".model_access_control AS model ON model.id = coalesce(implied.model_id, given.model_id)
INNER JOIN :"schema".subscription_tiers AS tier ON tier.id = coalesce(implied.tier_id, given.tier_id)
WHERE implied.markup_multiplier IS DISTINCT FROM given.markup_multiplier
    AND EXISTS (SELECT FROM pg_temp.restored AS old WHERE old.id = model.id)
GROUP BY model.id
