-- Creates the function that says whether the table under a view of the sync (sync_model, sync_grant) has a rule that may refuse what the sync writes: a trigger of others, a constraint, index or column that the contract does not have. Reads the catalogue only; locks nothing.
-- VOLATILE: it must see what was committed while the plan that asks it waited for a lock.
CREATE OR REPLACE FUNCTION :"ledger".sync_has_rules(p_view text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_ours boolean := p_view = 'sync_grant';
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_rewrite AS rule
        INNER JOIN pg_depend AS depend
            ON depend.classid = 'pg_rewrite'::regclass AND depend.objid = rule.oid
            AND depend.refclassid = 'pg_class'::regclass AND depend.refobjid <> rule.ev_class
        INNER JOIN pg_class AS class ON depend.refobjid = class.oid
        WHERE rule.ev_class = to_regclass('tierflow.' || p_view) AND (
            class.relkind <> 'r'
            OR EXISTS (
                SELECT FROM pg_trigger
                INNER JOIN pg_proc ON tgfoid = pg_proc.oid
                WHERE tgrelid = class.oid AND NOT tgisinternal AND tgenabled <> 'D'
                    AND pronamespace <> 'tierflow'::regnamespace
                    AND NOT (is_ours AND proname = 'touch_tier_model_access')
            )
            OR EXISTS (
                SELECT FROM pg_constraint
                WHERE conrelid = class.oid AND (
                    contype IN ('c', 'x')
                    OR (is_ours AND contype = 'f' AND conname NOT IN ('fk_tier_model_tier', 'fk_tier_model_model'))
                )
            )
            OR EXISTS (
                SELECT FROM pg_index
                INNER JOIN pg_class AS index ON indexrelid = index.oid
                INNER JOIN pg_am ON index.relam = pg_am.oid
                WHERE indrelid = class.oid
                    AND NOT (is_ours AND index.relname IN (
                        'tier_model_access_pkey', 'unique_tier_model', 'idx_tier_model_tier_id',
                        'idx_tier_model_model_id', 'idx_tier_model_enabled', 'idx_tier_model_lookup'
                    ))
                    AND (
                        indexprs IS NOT NULL OR indpred IS NOT NULL OR (is_ours AND indisunique)
                        -- a key that is too long for it
                        OR (amname <> 'gin' AND EXISTS (
                            SELECT FROM pg_attribute
                            WHERE attrelid = class.oid AND attname IN ('tier_access', 'tier_markup') AND attnum = ANY(indkey::smallint [])
                        ))
                    )
            )
            OR EXISTS (
                SELECT FROM pg_attribute
                WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped AND (
                    attgenerated <> ''
                    OR (is_ours AND attname NOT IN (
                        'id', 'tier_id', 'model_id', 'enabled', 'markup_multiplier', 'created_at', 'updated_at'
                    ))
                )
            )
        )
    );
END
$$
