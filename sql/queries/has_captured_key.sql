-- Returns whether the captured values have their key. Reads only.
:head
SELECT EXISTS (
    SELECT FROM pg_constraint
    WHERE conrelid = to_regclass(format('%I.captured', :'ledger'::text)) AND contype = 'p'
) AS there
