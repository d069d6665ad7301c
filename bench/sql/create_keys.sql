-- Adds the 2 foreign keys; each checks every row.
ALTER TABLE public.tier_model_access ADD CONSTRAINT fk_tier_model_tier
FOREIGN KEY (tier_id) REFERENCES public.subscription_tiers (id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE public.tier_model_access ADD CONSTRAINT fk_tier_model_model
FOREIGN KEY (model_id) REFERENCES public.model_access_control (id) ON UPDATE CASCADE ON DELETE CASCADE;
