-- Creates the temporary table of the distinct pairs of tier columns, numbered, each with the models that hold it. Reads only, but for that table.
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
SELECT row_number() OVER () AS number, tier_access, tier_markup, models
FROM pg_temp.source_value
