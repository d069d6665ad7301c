-- Records how many captured values each key range has. Locks those rows of the ledger.
UPDATE :"ledger".chunk SET captured = (
    SELECT count(*) FROM :"ledger".captured AS stored
    WHERE (chunk.low IS NULL OR stored.model_id >= chunk.low)
        AND (chunk.high IS NULL OR stored.model_id < chunk.high)
)
