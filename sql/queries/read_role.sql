-- Returns the role that this session acts as. Reads only.
SELECT current_user::text AS role
