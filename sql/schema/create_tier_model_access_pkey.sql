-- Creates the index of the primary key. Takes SHARE on the junction table.
CREATE UNIQUE INDEX IF NOT EXISTS tier_model_access_pkey ON :"target".tier_model_access (id)
