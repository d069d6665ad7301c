-- Takes what a dump holds for the captured values too: it is what the columns held. Locks nothing of the application's.
UPDATE pg_temp.restored
SET tier_access_backup = tier_access, tier_markup_backup = tier_markup,
    null_captured = tier_access IS NULL AND tier_markup IS NULL
