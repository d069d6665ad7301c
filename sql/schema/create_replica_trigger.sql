-- Creates the trigger by which the other side follows what an apply worker writes into a table, row by row; it is to fire for nobody else. Takes SHARE ROW EXCLUSIVE on that table, for an instant.
CREATE OR REPLACE TRIGGER :"trigger"
AFTER INSERT OR UPDATE OR DELETE ON :"schema".:"relation"
FOR EACH ROW EXECUTE FUNCTION :"ledger".:"function"()
