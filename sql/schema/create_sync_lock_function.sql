-- Creates the trigger function that locks the model of a new grant, before the grant has a row that others could wait for. Locks that model FOR NO KEY UPDATE.
-- SECURITY DEFINER: the application may write grants, and needs no right on the models.
CREATE OR REPLACE FUNCTION :"ledger".sync_lock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM FROM tierflow.sync_model AS model WHERE model.id = NEW.model_id FOR NO KEY UPDATE;
    RETURN NEW;
END
$$
