-- Returns how many models there are. Reads only.
SELECT count(*) AS models FROM :"schema".model_access_control
