-- Drops the views of the sync, so that the tables are free of our dependencies. Takes ACCESS EXCLUSIVE on them.
DROP VIEW IF EXISTS :"ledger".sync_model, :"ledger".sync_grant, :"ledger".sync_tier RESTRICT
