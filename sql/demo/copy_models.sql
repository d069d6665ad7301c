-- Loads the demo's models from the client.
COPY :"schema".model_access_control (
    id, model_id, provider, display_name, enabled, deprecated, tier_access, tier_markup, pricing, updated_at
) FROM STDIN
