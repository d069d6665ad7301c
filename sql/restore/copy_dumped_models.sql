-- Takes rows of a dump as they stand in it. Locks nothing.
COPY pg_temp.restored (id, model_id, tier_access, tier_markup) FROM STDIN
