-- Creates the function that returns the grants that pairs of tier columns imply under the decisions in force, each with the number of its pair, from 1. Locks nothing.
-- The markup of each element is read before the elements are joined: a hash table of 40,000 elements, each with all the markups of
-- its pair beside it, takes 30 GB.
CREATE OR REPLACE FUNCTION :"ledger".implied_grants_of_pairs(p_access jsonb[], p_markups jsonb[])
RETURNS TABLE (pair bigint, tier_id integer, markup_multiplier numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT usable.number, code.tier_id,
        CASE policy.decisions ->> 'markup_conflict'
            WHEN 'highest' THEN max(usable.markup) ELSE min(usable.markup)
        END
    FROM :"ledger".decision AS policy
    CROSS JOIN LATERAL (
        SELECT named.number, named.code,
            :"ledger".usable_markup(named.markups, named.code, policy.decisions ->> 'inexact_markup' = 'round') AS markup
        FROM (
            SELECT pair.number, pair.markups, element.value #>> '{}' AS code
            FROM (
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
            WHERE jsonb_typeof(element.value) = 'string'
            OFFSET 0
        ) AS named
        OFFSET 0
    ) AS usable
    INNER JOIN :"ledger".tier_code AS code ON usable.code = code.code
    WHERE usable.markup IS NOT NULL
    GROUP BY usable.number, code.tier_id, policy.decisions
    HAVING min(usable.markup) = max(usable.markup)
        OR policy.decisions ->> 'markup_conflict' IN ('lowest', 'highest');
END
