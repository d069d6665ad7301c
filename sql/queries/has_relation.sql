-- Returns whether a relation exists. Reads only.
SELECT to_regclass(format('%I.%I', :'in_schema', :'name')) IS NOT NULL AS there
