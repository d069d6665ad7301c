-- Creates the trigger that logs models whose tier columns changed. Takes SHARE ROW EXCLUSIVE on the models, for an instant.
-- Byte by byte: 1.0 and 1.00 are equal as jsonb, and the captured values must tell them apart.
-- Without UPDATE OF: that goes by the columns a statement names, and misses what a BEFORE trigger of the application sets.
CREATE OR REPLACE TRIGGER :"capture_update"
AFTER UPDATE ON :"schema".model_access_control
FOR EACH ROW
WHEN (
    ROW(OLD.id, OLD.tier_access, OLD.tier_markup)::record
    OPERATOR(pg_catalog.*<>) ROW(NEW.id, NEW.tier_access, NEW.tier_markup)::record
)
EXECUTE FUNCTION :"ledger".capture_change(:'ledger')
