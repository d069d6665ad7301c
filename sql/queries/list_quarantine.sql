-- Returns the quarantine. Reads only.
SELECT model_id, model_identifier, position, code, reason, value::text AS value, tier_codes
FROM :"ledger".quarantine ORDER BY model_identifier, position
