-- Makes what an archive or a dump holds of the captured values the captured values again. Locks nothing that the application uses.
INSERT INTO :"ledger".captured (model_id, tier_access, tier_markup)
SELECT id, tier_access_backup, tier_markup_backup FROM pg_temp.restored
WHERE tier_access_backup IS NOT NULL OR tier_markup_backup IS NOT NULL OR null_captured
