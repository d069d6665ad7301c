-- Creates the function that stops a write of the application with an error a person can act on. Locks nothing.
-- A function in SQL cannot raise, and only one in SQL can name the schema of the published objects.
CREATE OR REPLACE FUNCTION :"schema".raise_tier_error(p_sqlstate text, p_message text, p_detail text, p_hint text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, DETAIL = p_detail, HINT = p_hint;
END
$$
