-- Returns the planned chunks in order, whether each is loaded and backed up, and how far its backup has come. Reads only.
SELECT number, low, high, loaded IS NOT NULL AS loaded, backed_up IS NOT NULL AS backed_up, backed_up_to
FROM :"ledger".chunk ORDER BY number
