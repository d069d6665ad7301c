-- Drops the demo's database with all its sessions. Touches nothing else of the server.
DROP DATABASE IF EXISTS :"database" WITH (FORCE)
