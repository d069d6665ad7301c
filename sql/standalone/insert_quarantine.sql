-- Puts the quarantined elements that were just read into the quarantine, those that are not there yet. Locks nothing that the application uses.
INSERT INTO :"ledger".quarantine (model_id, model_identifier, position, code, reason, value, tier_codes)
SELECT holder.model_id, holder.model_identifier, element.position, element.code, element.reason, element.value, element.tier_codes
FROM pg_temp.holder AS holder
INNER JOIN pg_temp.element AS element ON holder.pair = element.pair
WHERE element.fate = 'quarantined'
ON CONFLICT (model_id, position) DO NOTHING
