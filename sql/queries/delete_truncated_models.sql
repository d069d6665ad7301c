-- Makes a loaded build what a TRUNCATE of the models has left: deletes the grants, the captured values and the quarantine of models that are no more, counts nothing for the loaded chunks, and takes the TRUNCATE from the log. Returns how many grants. Locks what it writes, nothing that the application uses.
-- Models that came after the TRUNCATE are in the log, each by itself.
WITH noted AS (
    DELETE FROM :"ledger".change_log WHERE operation = 'TRUNCATE'
),

gone AS (
    DELETE FROM :"target".tier_model_access AS access
    WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = access.model_id)
    RETURNING access.id
),

forgotten AS (
    DELETE FROM :"ledger".quarantine AS stored
    WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = stored.model_id)
),

uncaptured AS (
    DELETE FROM :"ledger".captured AS stored
    WHERE NOT EXISTS (SELECT FROM :"schema".model_access_control AS model WHERE model.id = stored.model_id)
),

uncounted AS (
    UPDATE :"ledger".chunk SET
        source_models = 0,
        source_elements = 0,
        migrated = 0,
        merged = 0,
        duplicates = 0,
        quarantined = 0,
        grants = 0,
        defaulted_markups = 0,
        captured = 0
    WHERE loaded IS NOT NULL
)

SELECT count(*) AS grants FROM gone
