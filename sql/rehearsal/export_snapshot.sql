-- Returns the name under which pg_dump may see this transaction's snapshot. Reads only.
SELECT pg_export_snapshot() AS snapshot
