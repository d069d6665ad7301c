-- Drops the view of the codes by which the old application knows the tiers. Takes ACCESS EXCLUSIVE on it.
DROP VIEW IF EXISTS :"ledger".write_code_in_force RESTRICT
