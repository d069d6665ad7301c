-- Makes the rows of the session's table findable by model, each model once. Locks nothing of the application's.
CREATE UNIQUE INDEX restored_id ON pg_temp.restored (id)
