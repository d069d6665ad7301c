-- Raises, where captured values are gone, when this way back needs them: to put them back, or to tell which side is newer where the two differ. Reads only.
DO $$
DECLARE
    missing text := (
        SELECT CASE WHEN stored.gone > 0 THEN format('the captured values of %s models are gone from the ledger', stored.gone)
            ELSE 'the ledger holds no captured values of these models'
        END
        FROM pg_temp.captured_state AS stored
    );
    differing text;
BEGIN
    IF current_setting('tierflow.restore_snapshot')::boolean THEN
        RAISE EXCEPTION 'There is no whole snapshot to restore: %. Nothing was changed.', missing
        USING HINT = 'Roll back without restore_snapshot, which keeps later changes.';
    END IF;
    EXECUTE format($query$
        SELECT string_agg(format('%%s / %%s', named.model, named.tier), '; ' ORDER BY named.model, named.tier)
        FROM (
            SELECT model.model_id AS model, tier.tier_code AS tier
            FROM pg_temp.drift AS drift
            LEFT JOIN %1$I.model_access_control AS model ON drift.model_id = model.id
            LEFT JOIN %1$I.subscription_tiers AS tier ON drift.tier_id = tier.id
            ORDER BY 1, 2
            LIMIT 5
        ) AS named$query$, current_setting('tierflow.schema'))
    INTO differing;
    IF differing IS NOT NULL THEN
        RAISE EXCEPTION 'JSONB and junction table differ in % grants (%), and %, so nobody can say which side is newer. Nothing was changed.',
            (SELECT count(*) FROM pg_temp.drift), differing, missing
        USING HINT = 'Make both sides the same (migrate_to_dynamic_tiers.sql lets the table follow the JSONB, tierflow reconcile follows either), and roll back then.';
    END IF;
END
$$
