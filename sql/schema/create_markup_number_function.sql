-- Creates the function that reads a JSON markup as a number: a number, or a string that holds a plain one; else NULL. Locks nothing.
-- [.] and no backslash: a role may have standard_conforming_strings off. 40 characters bound the cast: a longer digit string is no price, and numeric has a limit of its own.
CREATE OR REPLACE FUNCTION :"ledger".markup_number(p_value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(p_value) = 'number' THEN (p_value #>> '{}')::numeric
    WHEN jsonb_typeof(p_value) = 'string'
        AND length(p_value #>> '{}') <= 40
        AND (p_value #>> '{}') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (p_value #>> '{}')::numeric
END
