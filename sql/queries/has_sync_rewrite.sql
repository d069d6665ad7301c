-- Returns whether the function is there by which the sync writes a grant into the JSONB. Reads only.
SELECT to_regprocedure(format('%I.sync_rewrite(jsonb, jsonb, integer[], numeric[])', :'ledger')) IS NOT NULL AS there
