-- Returns whether the models have all of these triggers, enabled. Reads only.
SELECT count(*) = cardinality(:'triggers'::text []) AS there
FROM pg_trigger
WHERE tgrelid = to_regclass(quote_ident(:'schema') || '.model_access_control')
    AND tgname = ANY(:'triggers'::text []) AND tgenabled IN ('O', 'A')
