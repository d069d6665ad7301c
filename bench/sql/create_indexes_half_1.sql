-- Builds three of the 6 indexes. CREATE INDEX takes SHARE, so that two sessions can build at once; ADD PRIMARY KEY does not.
CREATE UNIQUE INDEX tier_model_access_pkey ON public.tier_model_access (id);
CREATE INDEX idx_tier_model_tier_id ON public.tier_model_access (tier_id);
CREATE INDEX idx_tier_model_lookup ON public.tier_model_access (tier_id, model_id, enabled);
