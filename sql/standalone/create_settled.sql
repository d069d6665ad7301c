-- Creates the temporary table with the one row of decisions of this run: those in force, with those given laid over them, and whether anything changes. Reads only, but for that table.
-- markup_conflict and inexact_markup follow malformed where nothing else was said of them.
CREATE TEMPORARY TABLE settled ON COMMIT DROP AS
WITH stored AS (
    SELECT decisions - array_remove(ARRAY[
        CASE WHEN decisions -> 'markup_conflict' = decisions -> 'malformed' THEN 'markup_conflict' END,
        CASE WHEN decisions -> 'inexact_markup' = decisions -> 'malformed' THEN 'inexact_markup' END
    ], NULL) AS policies
    FROM :"ledger".decision
),

laid AS (
    SELECT
        '{"unknown_tiers": "fail", "malformed": "fail", "min_coverage": 0.8, "backup_columns": false}'::jsonb
        || coalesce((SELECT policies FROM stored), '{}')
        || jsonb_strip_nulls(jsonb_build_object(
            'unknown_tiers', nullif(:'unknown_tiers', ''),
            'malformed', nullif(:'malformed', ''),
            'markup_conflict', nullif(:'markup_conflict', ''),
            'inexact_markup', nullif(:'inexact_markup', ''),
            'min_coverage', nullif(:'min_coverage', '')::numeric,
            'backup_columns', nullif(:'backup_columns', '')::boolean
        )) AS policies
),

merged AS (
    SELECT policies || jsonb_build_object(
        'markup_conflict', coalesce(policies ->> 'markup_conflict', policies ->> 'malformed'),
        'inexact_markup', coalesce(policies ->> 'inexact_markup', policies ->> 'malformed'),
        'tier_map', coalesce((SELECT jsonb_object_agg(code, tiers) FROM pg_temp.settled_map), '{}'),
        'tier_map_order', coalesce((
            SELECT jsonb_agg(code ORDER BY ordinal)
            FROM (SELECT DISTINCT code, ordinal FROM pg_temp.settled_map) AS entry
        ), '[]')
    ) AS decisions
    FROM laid
)

SELECT merged.decisions,
    merged.decisions IS DISTINCT FROM (SELECT decisions FROM :"ledger".decision)
    OR EXISTS (SELECT code, tier_id FROM pg_temp.settled_map EXCEPT SELECT code, tier_id FROM :"ledger".tier_map)
    OR EXISTS (SELECT code, tier_id FROM :"ledger".tier_map EXCEPT SELECT code, tier_id FROM pg_temp.settled_map) AS changes,
    (SELECT string_agg(tier_code, ', ' ORDER BY sort_order, id) FROM pg_temp.tier) AS tiers
FROM merged
