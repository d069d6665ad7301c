-- Creates the function that returns the grants that one model's JSONB implies under the decisions in force. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".implied_grants(p_access jsonb, p_markups jsonb)
RETURNS TABLE (tier_id integer, markup_multiplier numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT code.tier_id,
        CASE policy.decisions ->> 'markup_conflict'
            WHEN 'highest' THEN max(usable.markup) ELSE min(usable.markup)
        END
    FROM :"ledger".decision AS policy
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(p_access)
            WHEN 'array' THEN p_access
            WHEN 'string' THEN jsonb_build_array(p_access)
            ELSE '[]'
        END
    ) AS element (value)
    INNER JOIN :"ledger".tier_code AS code
        ON code.code = CASE WHEN jsonb_typeof(element.value) = 'string' THEN element.value #>> '{}' END
    CROSS JOIN LATERAL (
        SELECT :"ledger".usable_markup(
            p_markups, code.code, policy.decisions ->> 'inexact_markup' = 'round'
        ) AS markup
    ) AS usable
    WHERE usable.markup IS NOT NULL
    GROUP BY code.tier_id, policy.decisions
    HAVING min(usable.markup) = max(usable.markup)
        OR policy.decisions ->> 'markup_conflict' IN ('lowest', 'highest');
END
