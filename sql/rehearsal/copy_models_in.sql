-- Loads the needed columns of the models into the copy.
COPY :"schema".model_access_control (
    id, model_id, provider, display_name, enabled, deprecated, tier_access, tier_markup, pricing
) FROM STDIN (FORMAT binary)
