-- Returns a row for each code that several tiers have, as an obstacle: nobody could say which of them a model's code means. Reads only.
:head
SELECT format('%s tiers have the code %L: give each its own', count(*), tier.tier_code::text) AS obstacle
FROM :"schema".subscription_tiers AS tier
WHERE tier.tier_code IS NOT NULL
GROUP BY tier.tier_code::text
HAVING count(*) > 1
