-- Creates the temporary table of the grants on which the two sides differ, which side moved, and what keeps the change from being written back. Reads only, but for that table.
CREATE TEMPORARY TABLE later_change ON COMMIT DROP AS
WITH accepted AS (
    SELECT code.code, count(*) AS tiers FROM :"ledger".tier_code AS code GROUP BY code.code
)

SELECT
    difference.*,
    CASE
        WHEN difference.jsonb_markup IS NOT DISTINCT FROM difference.agreed_markup THEN 'junction'
        WHEN difference.junction_markup IS NOT DISTINCT FROM difference.agreed_markup THEN 'jsonb'
        ELSE 'both'
    END AS side,
    CASE
        WHEN held.items IS NULL THEN 'tier_access is neither an array nor a code'
        WHEN coalesce(jsonb_typeof(held.markups), 'null') NOT IN ('object', 'null') THEN 'tier_markup is not an object'
        WHEN EXISTS (
            SELECT FROM accepted
            WHERE accepted.tiers > 1 AND held.items ? accepted.code
        ) THEN 'a code of the model grants several tiers'
        WHEN difference.jsonb_markup IS NULL AND EXISTS (
            SELECT FROM :"ledger".tier_code AS code
            INNER JOIN :"schema".subscription_tiers AS tier ON code.tier_id = tier.id
            WHERE tier.tier_code = difference.tier AND held.items ? code.code
        ) THEN 'the codes of the tier are quarantined'
        WHEN difference.jsonb_markup IS NULL AND NOT EXISTS (
            SELECT FROM :"ledger".write_code_in_force AS named
            INNER JOIN :"schema".subscription_tiers AS tier ON named.tier_id = tier.id
            WHERE tier.tier_code = difference.tier
        ) THEN 'no code means that tier alone'
    END AS obstacle
FROM pg_temp.difference AS difference
INNER JOIN :"schema".model_access_control AS model ON difference.model_id = model.id
CROSS JOIN LATERAL (
    SELECT :"ledger".access_items(model.tier_access) AS items, :"ledger".markup_object(model.tier_markup) AS markups OFFSET 0
) AS held
