-- Streams the needed columns of the tiers. Takes ACCESS SHARE.
COPY (SELECT id, tier_code, tier_name, is_active, sort_order FROM :"schema".subscription_tiers) TO STDOUT (FORMAT binary)
