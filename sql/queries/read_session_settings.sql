-- Returns the settings that this session did not begin with, as somebody has left them to it behind a pooler. Reads only.
SELECT name, setting FROM pg_catalog.pg_settings
WHERE source OPERATOR(pg_catalog.=) 'session'
