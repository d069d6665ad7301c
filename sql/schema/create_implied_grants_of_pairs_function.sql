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
    CROSS JOIN unnest(p_access, p_markups) WITH ORDINALITY AS pair (access, markups, number)
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(pair.access)
            WHEN 'array' THEN pair.access
            WHEN 'string' THEN jsonb_build_array(pair.access)
            ELSE '[]'
        END
    ) AS element (value)
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
