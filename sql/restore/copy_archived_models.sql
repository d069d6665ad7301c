-- Takes rows of an archive. Locks nothing.
COPY pg_temp.restored (id, model_id, tier_access, tier_markup, tier_access_backup, tier_markup_backup, null_captured) FROM STDIN
