-- Streams the models of one chunk in key order as text: id, identifier, tier_access, tier_markup. Takes ACCESS SHARE.
COPY (
    SELECT id, model_id, tier_access, tier_markup
    FROM :"schema".model_access_control
    WHERE (:'low'::uuid IS NULL OR id >= :'low'::uuid) AND (:'high'::uuid IS NULL OR id < :'high'::uuid)
    ORDER BY id
) TO STDOUT WITH (FORMAT csv, NULL '\N', FORCE_QUOTE *)
