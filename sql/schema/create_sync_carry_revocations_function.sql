-- Creates the function that takes out of a model's JSONB what its grants no longer have, and nothing else, where a rule of the application refused to write them whole (p_refused: what it said). Locks the model FOR NO KEY UPDATE, and writes it.
-- Raises what a rule says of that, too, and where the JSONB would go on granting a tier all the same.
CREATE OR REPLACE FUNCTION :"ledger".sync_carry_revocations(p_model uuid, p_refused text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    before text := coalesce(current_setting('tierflow.syncing', true), '');
    gone integer [];
    kept integer [];
    levels numeric [];
    refusal_state text;
    refusal text;
    refusing_constraint text;
    refusing_table text;
BEGIN
    PERFORM FROM tierflow.sync_model AS model WHERE model.id = p_model FOR NO KEY UPDATE;
    SELECT array_agg(implied.tier_id) FILTER (WHERE access.id IS NULL),
        array_agg(implied.tier_id ORDER BY implied.tier_id) FILTER (WHERE access.id IS NOT NULL),
        array_agg(implied.markup_multiplier ORDER BY implied.tier_id) FILTER (WHERE access.id IS NOT NULL)
    INTO gone, kept, levels
    FROM tierflow.sync_model AS model
    CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied
    LEFT JOIN tierflow.sync_grant AS access
        ON access.model_id = model.id AND access.tier_id = implied.tier_id AND access.enabled
    WHERE model.id = p_model;
    IF gone IS NOT NULL THEN
        PERFORM set_config('tierflow.syncing', 'on', true);
        BEGIN
            UPDATE tierflow.sync_model AS model
            SET tier_access = said.access, tier_markup = said.markups
            FROM (
                SELECT rewritten.*
                FROM tierflow.sync_model AS held
                CROSS JOIN LATERAL tierflow.sync_rewrite(held.tier_access, held.tier_markup, kept, levels) AS rewritten
                WHERE held.id = p_model
            ) AS said
            WHERE model.id = p_model AND said.obstacle IS NULL;
        EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
            IF NOT tierflow.sync_is_refusal(SQLSTATE) THEN
                RAISE;
            END IF;
            GET STACKED DIAGNOSTICS refusal_state = RETURNED_SQLSTATE, refusal = MESSAGE_TEXT,
                refusing_constraint = CONSTRAINT_NAME, refusing_table = TABLE_NAME;
            RAISE EXCEPTION USING ERRCODE = refusal_state, MESSAGE = refusal,
                CONSTRAINT = refusing_constraint, TABLE = refusing_table,
                DETAIL = format('The grants of model %s cannot be revoked in tier_model_access alone: tier_access would go on granting them.', p_model),
                HINT = 'Let the rule of model_access_control that is named pass the write, or write what satisfies it in tier_access.';
        END;
        PERFORM set_config('tierflow.syncing', before, true);
        IF EXISTS (
            SELECT FROM tierflow.sync_model AS model
            CROSS JOIN LATERAL tierflow.implied_grants(model.tier_access, model.tier_markup) AS implied
            WHERE model.id = p_model AND implied.tier_id <> ALL(coalesce(kept, '{}'))
        ) THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
                MESSAGE = format('the tiers that are revoked from model %s cannot be taken out of its tier_access', p_model),
                DETAIL = format('The whole of its grants is refused: %s', p_refused),
                HINT = 'Take them out of tier_access, or let the rule pass the write.';
        END IF;
        INSERT INTO tierflow.reconciled_grant (model_id, tier_id)
        SELECT p_model, revoked.tier_id FROM unnest(gone) AS revoked (tier_id)
        ON CONFLICT (model_id, tier_id) DO UPDATE SET markup_multiplier = NULL;
    END IF;
    PERFORM tierflow.sync_quarantine(ARRAY[p_model]);
    PERFORM tierflow.sync_note_unsaid(ARRAY[p_model], p_refused);
END
$$
