-- Creates the trigger that undoes what other triggers do to a row while it is restored; its name sorts last. Takes SHARE ROW EXCLUSIVE on the models.
CREATE OR REPLACE TRIGGER zzzzz_tierflow_restore
BEFORE UPDATE ON :"schema".model_access_control
FOR EACH ROW EXECUTE FUNCTION :"ledger".keep_all_but_tiers(:'what')
