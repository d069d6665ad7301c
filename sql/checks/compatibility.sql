-- Returns a row per tier: how the view and both functions differ from the old JSONB query (codes of the tier by `?`, less what is quarantined). Reads only.
-- is_model_available_for_tier is asked for a sample of models, the other two for all.
:head
WITH old_query AS (
    SELECT DISTINCT model.id AS model_id, code.tier_id
    FROM :"schema".model_access_control AS model
    INNER JOIN :"ledger".tier_code AS code
        ON jsonb_typeof(model.tier_access) IN ('array', 'string') AND model.tier_access ? code.code
    WHERE model.enabled AND NOT EXISTS (
        SELECT FROM :"ledger".quarantine AS quarantined
        INNER JOIN :"schema".subscription_tiers AS tier ON tier.tier_code = ANY(quarantined.tier_codes)
        WHERE quarantined.model_id = model.id
            AND quarantined.code = code.code AND tier.id = code.tier_id
    )
),

sample AS (
    SELECT id FROM :"schema".model_access_control ORDER BY md5(id::text) LIMIT :'sample_models'
),

view_rows AS (
    SELECT model_id, tier_id FROM :"schema".v_model_tier_access
),

function_rows AS (
    SELECT answer.model_id, tier.id AS tier_id
    FROM :"schema".subscription_tiers AS tier
    CROSS JOIN LATERAL :"schema".get_models_for_tier(tier.tier_code) AS answer
),

asked AS (
    SELECT
        sample.id AS model_id,
        tier.id AS tier_id,
        :"schema".is_model_available_for_tier(sample.id, tier.tier_code)
        IS DISTINCT FROM (old_query.model_id IS NOT NULL) AS differs
    FROM sample
    CROSS JOIN :"schema".subscription_tiers AS tier
    LEFT JOIN old_query ON sample.id = old_query.model_id AND tier.id = old_query.tier_id
)

SELECT
    tier.tier_code::text AS tier_code,
    (SELECT count(*) FROM old_query WHERE old_query.tier_id = tier.id) AS old_models,
    (
        SELECT count(*)
        FROM (SELECT * FROM old_query WHERE old_query.tier_id = tier.id) AS old
        FULL JOIN (SELECT * FROM view_rows WHERE view_rows.tier_id = tier.id) AS new ON old.model_id = new.model_id
        WHERE old.model_id IS NULL OR new.model_id IS NULL
    ) AS view_differences,
    (
        SELECT count(*)
        FROM (SELECT * FROM old_query WHERE old_query.tier_id = tier.id) AS old
        FULL JOIN (SELECT * FROM function_rows WHERE function_rows.tier_id = tier.id) AS new ON old.model_id = new.model_id
        WHERE old.model_id IS NULL OR new.model_id IS NULL
    ) AS function_differences,
    (SELECT count(*) FILTER (WHERE differs) FROM asked WHERE asked.tier_id = tier.id) AS availability_differences,
    (SELECT count(*) FROM asked WHERE asked.tier_id = tier.id) AS availability_questions
FROM :"schema".subscription_tiers AS tier
ORDER BY tier.sort_order, tier.id
