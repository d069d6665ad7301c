-- Creates the demo's table of models, with tier access still in JSONB; locks nothing that exists.
CREATE TABLE :"schema".model_access_control (
    id uuid PRIMARY KEY,
    model_id varchar NOT NULL UNIQUE,
    provider varchar,
    display_name varchar,
    enabled boolean NOT NULL DEFAULT true,
    deprecated boolean NOT NULL DEFAULT false,
    tier_access jsonb,
    tier_markup jsonb,
    pricing jsonb,
    updated_at timestamp NOT NULL DEFAULT now()
);
