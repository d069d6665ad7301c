-- Raises when the junction table is not what the JSONB implies or not as published, or too few models have a grant: the audit of tierflow, stated in SQL. Reads only.
-- The last line compares the two statements of the rules: the view implied_grant and create_element.sql.
DO $$
DECLARE
    least numeric := (SELECT (decisions ->> 'min_coverage')::numeric FROM pg_temp.settled);
    wrong text;
BEGIN
    SELECT string_agg(said, '; ') INTO wrong
    FROM (
        SELECT format('%s %s (%s)', rows, "check", sample) AS said FROM pg_temp.orphans WHERE rows > 0
        UNION ALL
        SELECT format('%s %s is %s, not %s', part.kind, part.object, part.found, part.expected) FROM pg_temp.schema AS part WHERE NOT part.ok
        UNION ALL
        SELECT format('tier %s has %s models, the JSONB %s', tier_code, models, source_models)
        FROM pg_temp.distribution WHERE models <> source_models
        UNION ALL
        SELECT format('%s of %s models of %s that should have a grant have none (%s)', expected_models - granted_models, expected_models, provider, uncovered)
        FROM pg_temp.coverage WHERE granted_models <> expected_models
        UNION ALL
        SELECT format('only %s %% of the enabled models have a grant, and min_coverage is %s', round(100 * share::numeric, 1), least)
        FROM pg_temp.coverage WHERE provider = '(all)' AND share < least
        UNION ALL
        SELECT format('reading the JSONB element by element makes %s grants, the table has %s', read.grants, held.grants)
        FROM (
            SELECT coalesce(sum(element.tiers_made * pair.models), 0) AS grants
            FROM pg_temp.element AS element
            INNER JOIN pg_temp.pair AS pair ON element.pair = pair.number
        ) AS read
        CROSS JOIN (SELECT coalesce(sum(models), 0) AS grants FROM pg_temp.distribution) AS held
        WHERE read.grants <> held.grants
    ) AS complaint;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'The audit failed: %. Nothing was changed.', wrong
        USING HINT = 'Correct the data or the decisions; min_coverage is given with -v min_coverage=0.5.';
    END IF;
END
$$
