-- Creates the function that returns the array that a model's access is read as, or NULL where it is neither an array nor a code. Locks nothing.
-- SQL NULL and JSON null are no access, and a string is one code; one that holds an array, and is itself no code, is that array where it is to be parsed.
CREATE OR REPLACE FUNCTION :"ledger".access_items(p_access jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE coalesce(jsonb_typeof(p_access), 'null')
    WHEN 'array' THEN p_access
    WHEN 'null' THEN '[]'
    WHEN 'string' THEN (
        SELECT CASE
            WHEN held.items IS NULL OR EXISTS (
                SELECT FROM :"ledger".tier_code AS known WHERE known.code = p_access #>> '{}'
            ) THEN jsonb_build_array(p_access)
            WHEN policy.decisions ->> 'double_encoded' = 'parse' THEN held.items
        END
        FROM :"ledger".decision AS policy
        CROSS JOIN (SELECT :"ledger".held_json(p_access, 'array') AS items) AS held
    )
END
