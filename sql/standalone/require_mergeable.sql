-- Raises when a later change cannot be kept for sure, naming the models. Reads only.
-- A change of the JSONB alone is kept as it stands. A change of the junction table alone can be written back where every code that the model holds grants one tier.
DO $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(said, '; ') INTO wrong
    FROM (
        SELECT format('%s / %s was changed on both sides: JSONB %s, table %s, before %s', model, tier,
            coalesce(jsonb_markup::text, 'no grant'), coalesce(junction_markup::text, 'no grant'), coalesce(agreed_markup::text, 'no grant')) AS said
        FROM pg_temp.later_change WHERE side = 'both'
        UNION ALL
        SELECT DISTINCT format('%s: the old shape cannot say the change of %s, for %s', model, tier, obstacle)
        FROM pg_temp.later_change WHERE side = 'junction' AND obstacle IS NOT NULL
    ) AS complaint;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Later changes cannot be kept without a person: %. Nothing was changed.', wrong
        USING HINT = 'Make both sides agree (migrate_to_dynamic_tiers.sql lets the table follow the JSONB), use tierflow rollback, or give up all later changes with -v restore_snapshot=true.';
    END IF;
END
$$
