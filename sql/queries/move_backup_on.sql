-- Records how far the backup of a chunk has come, and whether it is written. Locks that row of the ledger.
UPDATE :"ledger".chunk
SET backed_up_to = :'last', backed_up = CASE WHEN :'finished' THEN now() END
WHERE number = :'number'
