-- Renames an index, and the constraint that it stands for. Takes SHARE UPDATE EXCLUSIVE on it.
ALTER INDEX :"schema".:"index" RENAME TO :"name"
