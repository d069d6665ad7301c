-- Makes constraints of the two unique indexes: an instant.
ALTER TABLE public.tier_model_access ADD PRIMARY KEY USING INDEX tier_model_access_pkey;
ALTER TABLE public.tier_model_access ADD CONSTRAINT unique_tier_model UNIQUE USING INDEX unique_tier_model;
