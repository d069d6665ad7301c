-- Loads the demo's tiers from the client.
COPY :"schema".subscription_tiers (id, tier_code, tier_name, is_active, sort_order) FROM STDIN
