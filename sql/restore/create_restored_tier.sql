-- Creates the table of this session that holds the tiers that a dump or an archive knows. Locks nothing.
CREATE TEMPORARY TABLE restored_tier (id integer NOT NULL, tier_code text NOT NULL)
