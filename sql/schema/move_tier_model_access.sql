-- Publishes the junction table: moves it, its indexes and its sequence to the application's schema. Takes ACCESS EXCLUSIVE on the junction table, which nobody knows yet.
ALTER TABLE :"build".tier_model_access SET SCHEMA :"schema"
