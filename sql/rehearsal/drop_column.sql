-- Drops a column of the copy that tierflow does not need, with what depends on it: personal data stays where it is.
ALTER TABLE :"schema".:"table" DROP COLUMN :"column" CASCADE
