-- Loads the needed columns of the tiers into the copy.
COPY :"schema".subscription_tiers (id, tier_code, tier_name, is_active, sort_order) FROM STDIN (FORMAT binary)
