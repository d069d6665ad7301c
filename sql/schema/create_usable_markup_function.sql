-- Creates the function that returns a markup as it may be billed, or NULL where no price may be read from it. Locks nothing.
CREATE OR REPLACE FUNCTION :"ledger".usable_markup(p_markups jsonb, p_code text, p_round boolean) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_markups IS NULL OR jsonb_typeof(p_markups) = 'null' THEN 1.00
    WHEN jsonb_typeof(p_markups) <> 'object' THEN NULL
    WHEN NOT p_markups ? p_code THEN 1.00
    WHEN :"ledger".markup_number(p_markups -> p_code) BETWEEN 0 AND 99.99
        AND (p_round OR :"ledger".markup_number(p_markups -> p_code)
             = round(:"ledger".markup_number(p_markups -> p_code), 2))
        THEN round(:"ledger".markup_number(p_markups -> p_code), 2)
END
