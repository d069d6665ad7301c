-- Returns a row per tier: how the view and both functions differ from the old JSONB query (codes of the tier by `?`, less what is quarantined), and how many of these models the question with the code by which the old application knows the tier finds. Reads only.
-- is_model_available_for_tier is asked for a sample of models; under `whole` the view and get_models_for_tier for all, else the view for the sample and the other not at all (it has no way to ask for less than a tier).
:head
WITH sample AS MATERIALIZED (
    SELECT id FROM :"schema".model_access_control
    TABLESAMPLE SYSTEM ((SELECT 100.0 * least(1.0, 400 / greatest(pg_relation_size(
        to_regclass(quote_ident(:'schema') || '.model_access_control')
    ) / current_setting('block_size')::double precision, 1)))) REPEATABLE (1)
    ORDER BY md5(id::text) LIMIT :'sample_models'
),

compared AS (
    SELECT id FROM :"schema".model_access_control WHERE :'whole'
    UNION ALL
    SELECT id FROM sample WHERE NOT :'whole'
),

old_query AS (
    SELECT model.id AS model_id, code.tier_id, bool_or(known.code IS NOT NULL) AS is_asked
    FROM compared
    INNER JOIN :"schema".model_access_control AS model ON compared.id = model.id
    INNER JOIN :"ledger".tier_code AS code
        ON CASE jsonb_typeof(model.tier_access)
            WHEN 'array' THEN model.tier_access
            WHEN 'string' THEN :"ledger".access_items(model.tier_access)
        END ? code.code
    LEFT JOIN :"ledger".write_code_in_force AS known ON code.tier_id = known.tier_id AND code.code = known.code
    WHERE model.enabled AND NOT EXISTS (
        SELECT FROM :"ledger".quarantine AS quarantined
        INNER JOIN :"schema".subscription_tiers AS tier ON tier.tier_code = ANY(quarantined.tier_codes)
        WHERE quarantined.model_id = model.id AND quarantined.tier_codes <> '{}'
            AND quarantined.code = code.code AND tier.id = code.tier_id
    )
    GROUP BY model.id, code.tier_id
),

view_rows AS (
    SELECT offer.model_id, offer.tier_id
    FROM compared
    INNER JOIN :"schema".v_model_tier_access AS offer ON compared.id = offer.model_id
),

function_rows AS (
    SELECT answer.model_id, tier.id AS tier_id
    FROM :"schema".subscription_tiers AS tier
    CROSS JOIN LATERAL :"schema".get_models_for_tier(tier.tier_code) AS answer
    WHERE :'whole'
),

asked AS (
    SELECT
        tier.id AS tier_id,
        count(*) AS questions,
        count(*) FILTER (WHERE
            :"schema".is_model_available_for_tier(sample.id, tier.tier_code)
            IS DISTINCT FROM (old_query.model_id IS NOT NULL)
        ) AS differences
    FROM sample
    CROSS JOIN :"schema".subscription_tiers AS tier
    LEFT JOIN old_query ON sample.id = old_query.model_id AND tier.id = old_query.tier_id
    GROUP BY tier.id
),

old_counts AS (
    SELECT tier_id, count(*) AS models, count(*) FILTER (WHERE is_asked) AS asked FROM old_query GROUP BY tier_id
),

view_differences AS (
    SELECT coalesce(old_query.tier_id, view_rows.tier_id) AS tier_id, count(*) AS differences
    FROM old_query
    FULL JOIN view_rows ON old_query.model_id = view_rows.model_id AND old_query.tier_id = view_rows.tier_id
    WHERE old_query.model_id IS NULL OR view_rows.model_id IS NULL
    GROUP BY 1
),

function_differences AS (
    SELECT coalesce(old_query.tier_id, function_rows.tier_id) AS tier_id, count(*) AS differences
    FROM old_query
    FULL JOIN function_rows ON old_query.model_id = function_rows.model_id AND old_query.tier_id = function_rows.tier_id
    WHERE :'whole' AND (old_query.model_id IS NULL OR function_rows.model_id IS NULL)
    GROUP BY 1
)

SELECT
    tier.tier_code::text AS tier_code,
    known.code AS write_code,
    coalesce(old_counts.models, 0) AS old_models,
    coalesce(old_counts.asked, 0) AS asked_models,
    coalesce(view_differences.differences, 0) AS view_differences,
    coalesce(function_differences.differences, 0) AS function_differences,
    coalesce(asked.differences, 0) AS availability_differences,
    coalesce(asked.questions, 0) AS availability_questions
FROM :"schema".subscription_tiers AS tier
LEFT JOIN old_counts ON tier.id = old_counts.tier_id
LEFT JOIN view_differences ON tier.id = view_differences.tier_id
LEFT JOIN function_differences ON tier.id = function_differences.tier_id
LEFT JOIN asked ON tier.id = asked.tier_id
LEFT JOIN :"ledger".write_code_in_force AS known ON tier.id = known.tier_id
ORDER BY tier.sort_order, tier.id
