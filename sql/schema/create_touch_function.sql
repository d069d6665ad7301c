-- Creates the function that keeps updated_at of the grants. Locks nothing.
CREATE OR REPLACE FUNCTION :"schema".touch_tier_model_access() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$
