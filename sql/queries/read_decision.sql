-- Returns the decisions in force, if there are any, and the schema that they were taken for (NULL: in a dry run). Reads only.
:head
SELECT
    decision.run_id::text AS run_id,
    decision.decisions,
    decision.fingerprint,
    run.database_schema AS schema
FROM :"ledger".decision AS decision
LEFT JOIN :"ledger".run AS run ON decision.run_id = run.run_id
