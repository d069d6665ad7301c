-- Marks the database as a rehearsal's own, to be cleaned up by the next one after a crash. Locks nothing.
CREATE SCHEMA tierflow_rehearsal
