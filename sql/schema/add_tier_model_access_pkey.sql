-- Makes the index of the ids the primary key. Takes ACCESS EXCLUSIVE on the junction table, for an instant.
ALTER TABLE :"target".tier_model_access ADD CONSTRAINT tier_model_access_pkey PRIMARY KEY USING INDEX tier_model_access_pkey
