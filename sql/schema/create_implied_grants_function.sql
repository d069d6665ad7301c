-- Creates the function that returns the grants that one model's JSONB implies under the decisions in force. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".implied_grants(p_access jsonb, p_markups jsonb)
RETURNS TABLE (tier_id integer, markup_multiplier numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT implied.tier_id, implied.markup_multiplier
    FROM :"ledger".implied_grants_of_pairs(ARRAY[p_access], ARRAY[p_markups]) AS implied;
END
