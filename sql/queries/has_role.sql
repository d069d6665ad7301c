-- Returns whether the server has this role. Reads only.
SELECT EXISTS (SELECT FROM pg_roles AS role WHERE role.rolname = :'role') AS there
