-- Publishes the junction table: moves it, its indexes and its sequence to the application's schema. Takes ACCESS EXCLUSIVE on the junction table: who deletes a model waits, because of its key.
ALTER TABLE :"build".tier_model_access SET SCHEMA :"schema"
