-- Takes the tiers of a dump or an archive. Locks nothing.
COPY pg_temp.restored_tier (id, tier_code) FROM STDIN
