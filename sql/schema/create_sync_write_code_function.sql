-- Creates the function that returns the code under which a later grant of a tier is written into the JSONB, or NULL where every code of it grants another tier too. Locks nothing.
-- The first legacy code that maps to that tier alone, else the tier's own code: tierflow/plan.py, list_write_codes.
CREATE OR REPLACE FUNCTION :"ledger".sync_write_code(p_tier_id integer) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT code.code
    FROM :"ledger".tier_code AS code
    INNER JOIN :"ledger".sync_tier AS tier ON code.tier_id = tier.id
    WHERE code.tier_id = p_tier_id
        AND NOT EXISTS (
            SELECT FROM :"ledger".tier_code AS other
            WHERE other.code = code.code AND other.tier_id <> code.tier_id
        )
    ORDER BY code.ordinal = 0, code.ordinal, code.code
    LIMIT 1
)
