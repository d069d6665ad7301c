-- Loads grants from the client. Takes ROW EXCLUSIVE on the unpublished junction table.
COPY :"target".tier_model_access (model_id, tier_id, markup_multiplier) FROM STDIN WITH (FORMAT binary)
