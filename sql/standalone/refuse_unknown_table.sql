-- Raises: there is a junction table that no migration in the ledger made. Reads only.
DO $$
BEGIN
    RAISE EXCEPTION 'There is a table tier_model_access, but the ledger knows of no migration in force, so nobody can say which side is newer. Nothing was changed.'
    USING HINT = 'Adopt the table first, with migrate_to_dynamic_tiers.sql or tierflow migrate.';
END
$$
