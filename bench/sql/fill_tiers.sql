-- Fills the 8 tiers of the reference data.
INSERT INTO public.subscription_tiers (id, tier_code, tier_name, is_active, sort_order)
SELECT number, code, initcap(code), true, number
FROM unnest(ARRAY['free', 'starter', 'basic', 'pro', 'team', 'business', 'enterprise', 'unlimited'])
WITH ORDINALITY AS tier (code, number)
