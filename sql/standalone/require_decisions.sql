-- Raises when a decision is not one of the valid ones or the tier map is not a map of codes to tiers, naming all that is wrong. Reads only.
DO $$
DECLARE
    settled record;
    wrong text;
BEGIN
    SELECT * INTO settled FROM pg_temp.settled;
    SELECT string_agg(said, '; ') INTO wrong
    FROM (
        SELECT format('%s is %s, not one of %s', wanted.name, settled.decisions ->> wanted.name, array_to_string(wanted.valid, ', ')) AS said
        FROM (VALUES
            ('unknown_tiers', ARRAY['fail', 'quarantine']),
            ('malformed', ARRAY['fail', 'quarantine']),
            ('double_encoded', ARRAY['fail', 'quarantine', 'parse']),
            ('markup_conflict', ARRAY['fail', 'quarantine', 'lowest', 'highest']),
            ('inexact_markup', ARRAY['fail', 'quarantine', 'round'])
        ) AS wanted (name, valid)
        WHERE settled.decisions ->> wanted.name <> ALL(wanted.valid)
        UNION ALL
        SELECT 'min_coverage is not between 0 and 1'
        WHERE NOT (settled.decisions ->> 'min_coverage')::numeric BETWEEN 0 AND 1
        UNION ALL
        SELECT format('the tier map sends %s to %s, which is no tier', pg_temp.show_code(code), coalesce(pg_temp.show_code(tier_code), 'nothing'))
        FROM pg_temp.settled_map
        WHERE tier_id IS NULL OR code = ''
        UNION ALL
        SELECT format('the tier map names %s twice for %s', pg_temp.show_code(tier_code), pg_temp.show_code(code))
        FROM pg_temp.settled_map GROUP BY code, tier_code HAVING count(*) > 1
        UNION ALL
        SELECT format('the tier map maps %s, which is itself a tier: its own code always means it', pg_temp.show_code(map.code))
        FROM pg_temp.settled_map AS map
        INNER JOIN pg_temp.tier AS tier ON map.code = tier.tier_code
        WHERE map.tiers <> jsonb_build_array(map.code)
        UNION ALL
        SELECT format('%s cannot be the write code of %s, which it does not mean, or not alone', pg_temp.show_code(given.code), pg_temp.show_code(given.tier_code))
        FROM pg_temp.given_code AS given
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.candidate AS candidate
            WHERE candidate.tier_code = given.tier_code AND candidate.code = given.code
        )
    ) AS complaint;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'The decisions cannot be used: %. Nothing was changed.', wrong
        USING HINT = format('The tiers are: %s. A tier map is JSON: -v tier_map=''{"trial": ["byok"]}''', coalesce(settled.tiers, '(none)'));
    END IF;
END
$$
