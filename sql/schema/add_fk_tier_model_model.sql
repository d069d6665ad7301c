-- Adds the key to the models, not yet validated. Takes SHARE ROW EXCLUSIVE on both tables, for an instant.
ALTER TABLE :"target".tier_model_access ADD CONSTRAINT fk_tier_model_model
FOREIGN KEY (model_id) REFERENCES :"schema".model_access_control (id) ON UPDATE CASCADE ON DELETE CASCADE NOT VALID
