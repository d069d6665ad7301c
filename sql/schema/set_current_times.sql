-- Gives each grant the time of its own transaction again, after the load. Takes ACCESS EXCLUSIVE on the unpublished junction table.
ALTER TABLE :"target".tier_model_access
ALTER COLUMN created_at SET DEFAULT now(),
ALTER COLUMN updated_at SET DEFAULT now()
