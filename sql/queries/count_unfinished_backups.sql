-- Returns how many chunks have no backup yet. Reads only.
SELECT count(*) AS chunks FROM :"ledger".chunk WHERE backed_up IS NULL
