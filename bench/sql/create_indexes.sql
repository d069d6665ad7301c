-- Builds the 6 indexes, two of them as constraints.
ALTER TABLE public.tier_model_access ADD PRIMARY KEY (id);
ALTER TABLE public.tier_model_access ADD CONSTRAINT unique_tier_model UNIQUE (tier_id, model_id);
CREATE INDEX idx_tier_model_tier_id ON public.tier_model_access (tier_id);
CREATE INDEX idx_tier_model_model_id ON public.tier_model_access (model_id);
CREATE INDEX idx_tier_model_enabled ON public.tier_model_access (enabled) WHERE enabled;
CREATE INDEX idx_tier_model_lookup ON public.tier_model_access (tier_id, model_id, enabled);
