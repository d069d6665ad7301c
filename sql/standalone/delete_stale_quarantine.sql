-- Forgets the quarantined elements of an earlier run that are not what was just read. Locks nothing that the application uses.
DELETE FROM :"ledger".quarantine AS stored
WHERE NOT EXISTS (
    SELECT FROM pg_temp.holder AS holder
    INNER JOIN pg_temp.element AS element ON holder.pair = element.pair
    WHERE element.fate = 'quarantined' AND holder.model_id = stored.model_id
        AND element.position = stored.position AND element.reason = stored.reason
        AND element.code IS NOT DISTINCT FROM stored.code AND element.tier_codes = stored.tier_codes
)
