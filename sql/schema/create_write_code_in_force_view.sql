-- Creates the view of the code by which the old application knows each tier: the settled one while it means that tier alone, else the tier's own, else the first of the tier map. Takes ACCESS SHARE.
CREATE OR REPLACE VIEW :"ledger".write_code_in_force AS
SELECT DISTINCT ON (code.tier_id) code.tier_id, code.code
FROM :"ledger".tier_code AS code
INNER JOIN :"schema".subscription_tiers AS tier ON code.tier_id = tier.id
LEFT JOIN :"ledger".write_code AS settled ON code.tier_id = settled.tier_id AND code.code = settled.code
WHERE NOT EXISTS (
    SELECT FROM :"ledger".tier_code AS other WHERE other.code = code.code AND other.tier_id <> code.tier_id
)
ORDER BY code.tier_id, settled.code IS NULL, code.code <> tier.tier_code, code.ordinal, code.code
