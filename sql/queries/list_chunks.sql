-- Returns the planned chunks in order, whether each is loaded and whether it is backed up. Reads only.
SELECT number, low, high, loaded IS NOT NULL AS loaded, backed_up IS NOT NULL AS backed_up
FROM :"ledger".chunk ORDER BY number
