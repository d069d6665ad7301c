-- Returns the event triggers that run when a table is created. Reads only.
SELECT evtname::text AS name
FROM pg_event_trigger
WHERE evtenabled <> 'D' AND evtevent = 'ddl_command_end' AND (evttags IS NULL OR 'CREATE TABLE' = ANY (evttags))
ORDER BY 1
