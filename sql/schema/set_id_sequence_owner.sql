-- Sets the junction table to own the sequence of its ids. Takes SHARE ROW EXCLUSIVE on the sequence, ACCESS SHARE on both tables.
ALTER SEQUENCE :"schema".:"sequence" OWNED BY :"schema".tier_model_access.id
