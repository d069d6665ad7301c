-- Returns how many chunks have no backup yet. Reads only.
:head
SELECT count(*) AS chunks FROM :"ledger".chunk WHERE backed_up IS NULL
