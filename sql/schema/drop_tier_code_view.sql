-- Drops the view of the rules, so that the source columns are free of our dependencies. Takes ACCESS EXCLUSIVE on it.
DROP VIEW IF EXISTS :"ledger".tier_code RESTRICT
