-- Returns a row per provider and one for '(all)': enabled models, those that should have a grant, those of them that have one; of one key range ('': all). Reads only.
:head
WITH model AS (
    SELECT
        model.model_id::text AS identifier,
        coalesce(model.provider::text, '(none)') AS provider,
        expected.model_id IS NOT NULL AS expected,
        granted.model_id IS NOT NULL AS granted
    FROM :"schema".model_access_control AS model
    LEFT JOIN (
        SELECT DISTINCT model_id FROM :"ledger".implied_grant
        WHERE (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
    ) AS expected ON model.id = expected.model_id
    LEFT JOIN (
        SELECT DISTINCT model_id FROM :"target".tier_model_access
        WHERE enabled
        AND (nullif(:'low'::text, '') IS NULL OR model_id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR model_id < nullif(:'high'::text, '')::uuid)
    ) AS granted ON model.id = granted.model_id
    WHERE model.enabled
        AND (nullif(:'low'::text, '') IS NULL OR model.id >= nullif(:'low'::text, '')::uuid)
        AND (nullif(:'high'::text, '') IS NULL OR model.id < nullif(:'high'::text, '')::uuid)
),

counted AS (
    SELECT
        CASE WHEN grouping(provider) = 1 THEN '(all)' ELSE provider END AS provider,
        grouping(provider) AS is_total,
        count(*)::bigint AS enabled_models,
        count(*) FILTER (WHERE expected)::bigint AS expected_models,
        count(*) FILTER (WHERE expected AND granted)::bigint AS granted_models,
        count(*) FILTER (WHERE granted)::bigint AS with_a_grant,
        coalesce(array_to_string(
            (array_agg(identifier ORDER BY identifier) FILTER (WHERE expected AND NOT granted))[1:20], ', '
        ), '') AS uncovered
    FROM model
    GROUP BY GROUPING SETS ((provider), ())
)

SELECT
    provider,
    enabled_models,
    expected_models,
    granted_models,
    CASE WHEN expected_models = 0 THEN 1.0 ELSE granted_models::double precision / expected_models END AS coverage,
    CASE WHEN enabled_models = 0 THEN 1.0 ELSE with_a_grant::double precision / enabled_models END AS share,
    with_a_grant,
    uncovered
FROM counted
ORDER BY is_total DESC, provider
