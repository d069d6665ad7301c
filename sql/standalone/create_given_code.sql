-- Creates the temporary table of the codes that a person gives to write later grants back with: a tier and its code. Reads only, but for that table.
CREATE TEMPORARY TABLE given_code ON COMMIT DROP AS
SELECT given.key AS tier_code, given.value AS code
FROM jsonb_each_text(coalesce(nullif(:'write_codes', ''), '{}')::jsonb) AS given
