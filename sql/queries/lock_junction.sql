-- Keeps everybody off the junction table from the comparison to the drop. Takes ACCESS EXCLUSIVE.
LOCK TABLE :"schema".tier_model_access IN ACCESS EXCLUSIVE MODE
