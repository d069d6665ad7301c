-- Warns of the codes of the tier map that no model holds, with a held one that differs in spaces, case or signs alone. Reads only.
DO $$
DECLARE
    said text;
BEGIN
    WITH held AS (
        SELECT DISTINCT element.code, lower(regexp_replace(element.code, '[^[:alnum:]]', '', 'g')) AS letters
        FROM pg_temp.element AS element
        WHERE element.code IS NOT NULL AND element.fate <> 'duplicates'
    ),

    unheld AS (
        SELECT map.code, min(map.ordinal) AS ordinal
        FROM pg_temp.settled_map AS map
        WHERE NOT EXISTS (SELECT FROM held WHERE held.code = map.code)
            AND NOT EXISTS (SELECT FROM pg_temp.tier AS tier WHERE tier.tier_code = map.code)
        GROUP BY map.code
    ),

    numbered AS (
        SELECT pg_temp.show_code(unheld.code) || coalesce(' (but ' || (
            SELECT string_agg(pg_temp.show_code(alike.code), ', ' ORDER BY alike.code)
            FROM (SELECT held.code FROM held WHERE held.letters = lower(regexp_replace(unheld.code, '[^[:alnum:]]', '', 'g')) LIMIT 3) AS alike
        ) || ')', '') AS shown,
            row_number() OVER (ORDER BY unheld.ordinal) AS place, count(*) OVER () AS total
        FROM unheld
    )

    SELECT string_agg(shown, ', ' ORDER BY place) || CASE WHEN max(total) > 20 THEN format(' and %s more', max(total) - 20) ELSE '' END
    INTO said
    FROM numbered WHERE place <= 20;
    IF said IS NOT NULL THEN
        RAISE WARNING 'No model holds these codes of the tier map: %.', said;
    END IF;
END
$$
