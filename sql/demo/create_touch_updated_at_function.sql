-- Creates the trigger function that stamps updated_at; locks nothing that exists.
CREATE FUNCTION :"schema".touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;
