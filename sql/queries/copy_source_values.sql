-- Streams all models' tier columns in key order, as text: what an auditor hashes. Takes ACCESS SHARE.
COPY (SELECT id, tier_access, tier_markup FROM :"schema".model_access_control ORDER BY id) TO STDOUT
