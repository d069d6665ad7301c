-- Restores the privileges that create_layer_grants.sql has noted. Locks nothing.
DO $$
DECLARE
    given text;
BEGIN
    FOR given IN SELECT noted.statement FROM pg_temp.layer_grant AS noted ORDER BY noted.turn LOOP
        EXECUTE given;
    END LOOP;
END
$$
