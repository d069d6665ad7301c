-- Returns whether the ledger is there and is ours: somebody else's schema may have its name, and tables of the same names. Reads only.
:head
SELECT count(*) = 2 AS there
FROM pg_attribute
WHERE (attrelid, attname) IN (
    (to_regclass(format('%I.run', :'ledger')), 'database_schema'),
    (to_regclass(format('%I.decision', :'ledger')), 'fingerprint')
)
