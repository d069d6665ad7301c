-- Raises when something is left that a person must decide, with all cases at once. Reads only.
-- The first twenty of each kind are named.
DO $$
DECLARE
    decisions jsonb := (SELECT settled.decisions FROM pg_temp.settled);
    phrases text[] := '{}';
    said text;
BEGIN
    IF decisions ->> 'unknown_tiers' = 'fail' THEN
        SELECT format('%s unknown tier codes: %s', max(total), string_agg(format('%s (%s models)', pg_temp.show_code(code), models), ', ' ORDER BY place))
            || CASE WHEN max(total) > 20 THEN format(' and %s more', max(total) - 20) ELSE '' END
        INTO said
        FROM (
            SELECT element.code, sum(pair.models) AS models, count(*) OVER () AS total,
                row_number() OVER (ORDER BY sum(pair.models) DESC, element.code) AS place
            FROM pg_temp.element AS element
            INNER JOIN pg_temp.pair AS pair ON element.pair = pair.number
            WHERE element.reason = 'unknown_tier'
            GROUP BY element.code
        ) AS unknown
        WHERE unknown.place <= 20
        HAVING count(*) > 0;
        phrases := array_append(phrases, said);
    END IF;
    IF decisions ->> 'double_encoded' = 'fail' THEN
        SELECT 'JSON encoded twice: ' || string_agg(format('%s of %s models, such as %s', twice.name, twice.models, left(twice.example, 80)), ', ' ORDER BY twice.name)
        INTO said
        FROM (
            SELECT 'tier_access' AS name, sum(pair.models) AS models, min(pair.tier_access) AS example
            FROM pg_temp.pair AS pair WHERE pair.is_access_encoded
            UNION ALL
            SELECT 'tier_markup', sum(pair.models), min(pair.tier_markup)
            FROM pg_temp.pair AS pair WHERE pair.is_markup_encoded
        ) AS twice
        WHERE twice.models > 0
        HAVING count(*) > 0;
        phrases := array_append(phrases, said);
    END IF;
    IF decisions ->> 'malformed' = 'fail' THEN
        SELECT format('%s malformed values: %s', count(*), array_to_string((array_agg(
            format('%s at %s: %s %s', holder.model_identifier, element.position, element.reason, left(element.value::text, 80))
            ORDER BY holder.model_identifier, element.position))[1:20], ', '))
        INTO said
        FROM pg_temp.element AS element
        INNER JOIN pg_temp.holder AS holder ON element.pair = holder.pair
        WHERE element.reason NOT IN ('unknown_tier', 'access_double_encoded', 'markups_double_encoded', 'markup_conflict', 'markup_inexact')
        HAVING count(*) > 0;
        phrases := array_append(phrases, said);
    END IF;
    IF decisions ->> 'markup_conflict' = 'fail' THEN
        SELECT format('%s models with markup conflicts: %s', count(DISTINCT holder.model_id), array_to_string((array_agg(
            format('%s (%s)', holder.model_identifier, element.conflicts)
            ORDER BY holder.model_identifier, element.position))[1:20], ', '))
        INTO said
        FROM pg_temp.element AS element
        INNER JOIN pg_temp.holder AS holder ON element.pair = holder.pair
        WHERE element.conflicts IS NOT NULL HAVING count(*) > 0;
        phrases := array_append(phrases, said);
    END IF;
    IF decisions ->> 'inexact_markup' = 'fail' THEN
        SELECT format('%s markups with more than two decimals: %s', count(*), array_to_string((array_agg(
            format('%s / %s: %s', holder.model_identifier, element.code, left(element.raw_markup, 80))
            ORDER BY holder.model_identifier, element.position))[1:20], ', '))
        INTO said
        FROM pg_temp.element AS element
        INNER JOIN pg_temp.holder AS holder ON element.pair = holder.pair
        WHERE element.inexact HAVING count(*) > 0;
        phrases := array_append(phrases, said);
    END IF;
    phrases := array_remove(phrases, NULL);
    IF cardinality(phrases) > 0 THEN
        RAISE EXCEPTION 'A person must decide; nothing was changed. %.', array_to_string(phrases, '. ')
        USING HINT = format('The tiers are: %s. Decide with -v tier_map=''{"CODE": ["TIER"]}'', -v unknown_tiers=quarantine,'
            ' -v double_encoded=parse|quarantine, -v malformed=quarantine, -v markup_conflict=lowest|highest|quarantine, -v inexact_markup=round|quarantine.',
            (SELECT coalesce(tiers, '(none)') FROM pg_temp.settled));
    END IF;
END
$$
