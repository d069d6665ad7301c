-- Returns a row for each tier, in its sort order. Reads only.
:head
SELECT id, tier_code::text, tier_name::text, coalesce(is_active, false) AS is_active, sort_order
FROM :"schema".subscription_tiers
ORDER BY sort_order, id
