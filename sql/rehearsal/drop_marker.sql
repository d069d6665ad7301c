-- Takes the mark of a rehearsal away. Locks nothing.
DROP SCHEMA IF EXISTS tierflow_rehearsal CASCADE
