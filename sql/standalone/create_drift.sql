-- Creates the temporary table of the grants that queries/reconcile_grants.sql is about to repair, and how. Reads only, but for that table.
CREATE TEMPORARY TABLE drift ON COMMIT DROP AS
SELECT
    coalesce(implied.model_id, access.model_id) AS model_id,
    coalesce(implied.tier_id, access.tier_id) AS tier_id,
    CASE
        WHEN implied.model_id IS NULL THEN 'deleted'
        WHEN access.id IS NULL THEN 'inserted'
        ELSE 'updated'
    END AS change
FROM :"ledger".implied_grant AS implied
FULL JOIN :"target".tier_model_access AS access
    ON implied.model_id = access.model_id AND implied.tier_id = access.tier_id
WHERE (implied.model_id IS NULL AND access.enabled)
    OR access.id IS NULL
    OR (implied.model_id IS NOT NULL
        AND (NOT access.enabled OR access.markup_multiplier <> implied.markup_multiplier))
