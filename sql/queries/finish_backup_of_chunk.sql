-- Records that a chunk's backup is written. Locks that row of the ledger.
UPDATE :"ledger".chunk SET backed_up = now() WHERE number = :'number'
