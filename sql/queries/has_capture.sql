-- Returns whether both triggers of the change capture are there and enabled. Reads only.
SELECT count(*) = 2 AS there
FROM pg_trigger
WHERE tgrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
    AND tgname IN (:'capture', :'capture_update') AND tgenabled IN ('O', 'A')
