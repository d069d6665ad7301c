-- Builds the other three of the 6 indexes.
CREATE UNIQUE INDEX unique_tier_model ON public.tier_model_access (tier_id, model_id);
CREATE INDEX idx_tier_model_model_id ON public.tier_model_access (model_id);
CREATE INDEX idx_tier_model_enabled ON public.tier_model_access (enabled) WHERE enabled;
