-- Returns how many enabled grants the junction table holds. Reads only.
SELECT count(*) FILTER (WHERE enabled) AS grants, count(*) AS rows FROM :"target".tier_model_access
