-- Creates the function that returns a model's markups as they are read: what a string holds where it is an object that is to be parsed, else as they are. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".markup_object(p_markups jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(p_markups) = 'string' THEN coalesce((
        SELECT :"ledger".held_json(p_markups, 'object')
        FROM :"ledger".decision AS policy
        WHERE policy.decisions ->> 'double_encoded' = 'parse'
    ), p_markups)
    ELSE p_markups
END
