-- Drops the copy of the tiers with all that needs it: the database is disposable.
DROP TABLE IF EXISTS :"schema".subscription_tiers CASCADE
