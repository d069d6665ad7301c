-- Drops the default by which a table that was set aside gives out ids of a sequence. Takes ACCESS EXCLUSIVE on that table, for an instant.
ALTER TABLE :"lender_schema".:"lender" ALTER COLUMN :"column" DROP DEFAULT
