-- Creates the junction table without any key or index.
CREATE TABLE public.tier_model_access (
    id serial,
    tier_id integer NOT NULL,
    model_id uuid NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    markup_multiplier numeric(4, 2) NOT NULL DEFAULT 1.0,
    created_at timestamp NOT NULL DEFAULT now(),
    updated_at timestamp NOT NULL DEFAULT now()
);
