-- Takes the migration back: all of `tierflow rollback`, with nothing but psql (14 or newer).
--
--   psql -X -d DATABASE -f rollback_dynamic_tiers.sql -v schema=public
--   psql -X -d DATABASE -f rollback_dynamic_tiers.sql -v schema=public -v restore_snapshot=true
--
-- One transaction: any error leaves the database as it was, and psql exits with 3. Later changes are kept: those of the
-- JSONB stay, those of the junction table are written back; where that cannot be done without loss it stops and names
-- the models. restore_snapshot=true gives up every later change and puts the captured values back.
\ir standalone/session.psql
\if :{?restore_snapshot}
\else
    \set restore_snapshot false
\endif
\o :null_device
BEGIN;
\ir standalone/set_transaction.sql
\ir standalone/inventory.psql
SELECT gen_random_uuid() AS run_id, now() AS started, 'standalone sql rollback' AS mode, '{}' AS decisions, false AS in_force
\gset
\if :has_ledger
    SELECT coalesce((array_agg(decisions))[1], '{}') AS decisions, count(*) > 0 AS in_force FROM :"ledger".decision
    \gset
    \ir queries/insert_run.sql
\endif
\set restored 0

\if :published
    \if :in_force
    \else
        \ir standalone/refuse_unknown_table.sql
    \endif
    SELECT pg_catalog.set_config('tierflow.locks', '[["tier_model_access", "ACCESS EXCLUSIVE"]]', true) AS said
    \gset
    \ir standalone/take_locks.sql
    \ir queries/pause_sync.sql
    \if :has_captured
        \set head 'CREATE TEMPORARY TABLE captured_count ON COMMIT DROP AS'
        \ir queries/count_captured.sql
    \else
        \ir standalone/create_no_captured_count.sql
    \endif
    \ir standalone/create_captured_state.sql
    SELECT is_complete AS is_captured, set_config('tierflow.restore_snapshot', :'restore_snapshot', true) AS said
    FROM pg_temp.captured_state
    \gset
    \if :is_captured
    \else
        \ir standalone/create_drift.sql
        \ir standalone/require_way_back.sql
    \endif
    \if :restore_snapshot
        \ir queries/restore_snapshot.sql
        \set restored :ROW_COUNT
    \elif :is_captured
        \set head 'CREATE TEMPORARY TABLE difference ON COMMIT DROP AS'
        \ir queries/list_later_changes.sql
        \ir schema/create_write_code.sql
        \ir schema/create_write_code_in_force_view.sql
        \ir standalone/create_later_change.sql
        \ir standalone/require_mergeable.sql
        \ir standalone/write_later_changes.sql
        \set restored :ROW_COUNT
        \set head 'CREATE TEMPORARY TABLE left_over ON COMMIT DROP AS'
        \ir queries/list_later_changes.sql
        \ir standalone/require_written.sql
    \endif
    \ir schema/drop_sync_functions.sql
    \ir schema/drop_sync_helpers.sql
    \ir schema/drop_sync_views.sql
    \ir schema/drop_application_functions.sql
    \ir schema/drop_v_tier_model_summary.sql
    \ir schema/drop_get_models_for_tier.sql
    \ir schema/drop_is_model_available_for_tier.sql
    \ir schema/drop_v_model_tier_access.sql
    \ir schema/drop_tier_model_access.sql
    \ir schema/drop_touch_function.sql
\endif
\ir standalone/drop_lock_holder.sql
\if :in_force
    \ir schema/drop_capture_trigger.sql
    \ir schema/drop_capture_update_trigger.sql
    \ir schema/drop_capture_truncate_trigger.sql
    \ir schema/drop_keep_columns_trigger.sql
    \if :has_backup_columns
        \ir schema/drop_backup_columns.sql
    \endif
    \ir schema/drop_build_schema.sql
    \ir schema/drop_keep_columns_function.sql
    \ir schema/drop_capture_function.sql
    \ir schema/drop_implied_grant_view.sql
    \ir schema/drop_implied_grants_function.sql
    \ir schema/drop_implied_grants_of_pairs_function.sql
    \ir schema/drop_access_items_function.sql
    \ir schema/drop_markup_object_function.sql
    \ir schema/drop_held_json_function.sql
    \ir schema/drop_write_code_in_force_view.sql
    \ir schema/drop_write_code.sql
    \ir schema/drop_tier_code_view.sql
    \ir schema/drop_usable_markup_function.sql
    \ir schema/drop_markup_number_function.sql
    \ir queries/clear_decision.sql
    \ir queries/clear_tier_map.sql
    \ir queries/clear_chunks.sql
    \ir queries/clear_change_log.sql
    \ir schema/drop_captured.sql
    \ir queries/clear_reconciled_grant.sql
\endif

SELECT
    CASE WHEN :'in_force'::boolean THEN 'rolled_back' ELSE 'unchanged' END AS outcome,
    CASE WHEN :'restore_snapshot'::boolean THEN 'restore_snapshot' ELSE 'keep_changes' END AS way,
    '' AS error, count(found) AS dropped
FROM pg_temp.inventory WHERE NOT reserved AND :'in_force'::boolean
\gset
SELECT jsonb_build_object('outcome', :'outcome', 'mode', :'way', 'models_restored', :restored, 'dropped', (
    SELECT coalesce(jsonb_agg(kind || ' ' || name ORDER BY kind, name), '[]')
    FROM pg_temp.inventory WHERE found IS NOT NULL AND NOT reserved AND :'in_force'::boolean
)) AS result
\gset
\if :has_ledger
    \ir queries/finish_run.sql
\endif
COMMIT;
\o
\echo Outcome: :outcome (:way). The JSONB of :restored models was written; :dropped objects were dropped. The ledger, where there is one, stays.
