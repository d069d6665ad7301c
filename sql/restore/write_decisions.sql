-- Makes the stored decisions name the tier map in force. Locks that row of the ledger.
SELECT :"ledger".sync_decision(NULL, NULL)
