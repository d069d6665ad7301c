-- Keeps writers off the published junction table until the end of the transaction. Takes SHARE ROW EXCLUSIVE: readers pass, writers wait.
LOCK TABLE :"schema".tier_model_access IN SHARE ROW EXCLUSIVE MODE
