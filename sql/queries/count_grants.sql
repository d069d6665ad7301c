-- Returns how many enabled grants the junction table holds. Reads only.
SELECT count(*) FILTER (WHERE enabled) AS grants FROM :"schema".tier_model_access
