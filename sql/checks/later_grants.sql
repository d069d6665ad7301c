-- Returns a row per tier that a code means alone: what the sync would write a new grant of it as, and whether the old application's question finds it then. Reads only.
:head
SELECT tier.tier_code::text AS tier_code, known.code AS write_code,
    coalesce(written.access::text, 'nothing') AS written, coalesce(written.access ? known.code, false) AS is_found
FROM :"schema".subscription_tiers AS tier
INNER JOIN :"ledger".write_code_in_force AS known ON tier.id = known.tier_id
CROSS JOIN LATERAL :"ledger".sync_rewrite('[]', NULL, ARRAY[tier.id], ARRAY[1.00]) AS written
ORDER BY tier.sort_order, tier.id
