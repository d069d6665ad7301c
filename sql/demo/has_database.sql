-- Returns whether the server has this database. No lock.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = :'database') AS there;
