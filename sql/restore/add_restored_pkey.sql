-- Makes the rows of the session's table findable by model. Locks nothing of the application's.
ALTER TABLE pg_temp.restored ADD PRIMARY KEY (id)
