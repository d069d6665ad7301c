-- Puts the codes of the decisions in force, by which the old application knows the tiers, where the sync looks for them. Locks the rows of the ledger that change.
WITH wanted AS (
    SELECT tier.id AS tier_id, named.value AS code
    FROM :"ledger".decision AS policy
    CROSS JOIN LATERAL jsonb_each_text(policy.decisions -> 'write_codes') AS named
    INNER JOIN :"schema".subscription_tiers AS tier ON named.key = tier.tier_code
),

forgotten AS (
    DELETE FROM :"ledger".write_code AS settled
    WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.tier_id = settled.tier_id)
)

INSERT INTO :"ledger".write_code AS settled (tier_id, code)
SELECT wanted.tier_id, wanted.code
FROM wanted
WHERE NOT EXISTS (
    SELECT FROM :"ledger".write_code AS same WHERE same.tier_id = wanted.tier_id AND same.code = wanted.code
)
ON CONFLICT (tier_id) DO UPDATE SET code = excluded.code
