-- Streams the needed columns of the models. Takes ACCESS SHARE.
COPY (
    SELECT id, model_id, provider, display_name, enabled, deprecated, tier_access, tier_markup, pricing
    FROM :"schema".model_access_control
) TO STDOUT (FORMAT binary)
