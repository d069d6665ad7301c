-- Creates the function that returns the grants that pairs of tier columns imply under the decisions in force, each with the number of its pair, from 1. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".implied_grants_of_pairs(p_access jsonb[], p_markups jsonb[])
RETURNS TABLE (pair bigint, tier_id integer, markup_multiplier numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pair.number, code.tier_id,
        CASE policy.decisions ->> 'markup_conflict'
            WHEN 'highest' THEN max(usable.markup) ELSE min(usable.markup)
        END
    FROM :"ledger".decision AS policy
    CROSS JOIN (
        -- once a pair: the functions are for strings, and an array must not pay for them
        SELECT given.number,
            CASE jsonb_typeof(given.access)
                WHEN 'array' THEN given.access
                WHEN 'string' THEN coalesce(:"ledger".access_items(given.access), '[]')
                ELSE '[]'
            END AS items,
            CASE jsonb_typeof(given.markups)
                WHEN 'string' THEN :"ledger".markup_object(given.markups) ELSE given.markups
            END AS markups
        FROM unnest(p_access, p_markups) WITH ORDINALITY AS given (access, markups, number)
        OFFSET 0
    ) AS pair
    CROSS JOIN LATERAL jsonb_array_elements(pair.items) AS element (value)
    INNER JOIN :"ledger".tier_code AS code
        ON code.code = CASE WHEN jsonb_typeof(element.value) = 'string' THEN element.value #>> '{}' END
    CROSS JOIN LATERAL (
        SELECT :"ledger".usable_markup(
            pair.markups, code.code, policy.decisions ->> 'inexact_markup' = 'round'
        ) AS markup
    ) AS usable
    WHERE usable.markup IS NOT NULL
    GROUP BY pair.number, code.tier_id, policy.decisions
    HAVING min(usable.markup) = max(usable.markup)
        OR policy.decisions ->> 'markup_conflict' IN ('lowest', 'highest');
END
