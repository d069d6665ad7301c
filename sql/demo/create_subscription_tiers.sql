-- Creates the demo's table of tiers; locks nothing that exists.
CREATE TABLE :"schema".subscription_tiers (
    id integer PRIMARY KEY,
    tier_code varchar NOT NULL UNIQUE,
    tier_name varchar,
    is_active boolean NOT NULL DEFAULT true,
    sort_order integer
);
