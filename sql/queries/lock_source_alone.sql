-- Keeps everybody off the models for the instant of a change. Takes ACCESS EXCLUSIVE: readers and writers wait.
LOCK TABLE :"schema".model_access_control IN ACCESS EXCLUSIVE MODE
