-- Returns the decisions in force, if there are any, and the schema that they were taken for (NULL: in a dry run). Reads only.
-- jsonb does not keep the order of its keys, and the first code of a tier is the one that is written: `codes` has the order.
:head
SELECT
    decision.run_id::text AS run_id,
    decision.decisions,
    decision.fingerprint,
    run.database_schema AS schema,
    ARRAY(SELECT map.code FROM :"ledger".tier_map AS map GROUP BY map.code ORDER BY min(map.ordinal)) AS codes
FROM :"ledger".decision AS decision
LEFT JOIN :"ledger".run AS run ON decision.run_id = run.run_id
