-- Moves the JSONB access data into the junction table: all of `tierflow migrate`, with nothing but psql (14 or newer).
--
--   psql -X -d DATABASE -f migrate_to_dynamic_tiers.sql -v schema=public -v tier_map='{"trial": ["byok"], "starter": ["byok"]}'
--
-- One transaction: any error leaves the database as it was, and psql exits with 3. A second run changes nothing, or
-- repairs drift and says how much. Writers of the models wait while it runs; readers only where backup columns are asked
-- for, while these are added and filled, at the end. For a large database in use take `tierflow migrate`, which keeps nobody waiting.
--
-- What a person must decide, each as -v name=value; what is left open was decided by the run before, or is the first value:
--   tier_map         JSON: code -> tiers
--   write_codes      JSON: tier -> code                      by which the old application knows the tier (left open: most models' code)
--   unknown_tiers    fail | quarantine                       a code that is neither mapped nor a tier
--   malformed        fail | quarantine                       a value that cannot be read
--   double_encoded   fail | quarantine | parse               a JSON string that holds an array or an object
--   markup_conflict  fail | quarantine | lowest | highest    codes of one tier with different markups (left open: as malformed)
--   inexact_markup   fail | quarantine | round               more than two decimals (left open: as malformed)
--   min_coverage     0.8                                     share of the enabled models that must have a grant
--   backup_columns   false | true                            show the captured values, which the ledger has, in two columns too
\ir standalone/session.psql
\if :{?tier_map}
\else
    \set tier_map ''
\endif
\if :{?write_codes}
\else
    \set write_codes ''
\endif
\if :{?unknown_tiers}
\else
    \set unknown_tiers ''
\endif
\if :{?malformed}
\else
    \set malformed ''
\endif
\if :{?double_encoded}
\else
    \set double_encoded ''
\endif
\if :{?markup_conflict}
\else
    \set markup_conflict ''
\endif
\if :{?inexact_markup}
\else
    \set inexact_markup ''
\endif
\if :{?min_coverage}
\else
    \set min_coverage ''
\endif
\if :{?backup_columns}
\else
    \set backup_columns ''
\endif
\o :null_device
BEGIN;
\ir standalone/set_transaction.sql

-- preflight: the source, the privileges and our names
\ir standalone/inventory.psql
\ir standalone/require_no_obstacle.sql
\if :published
    SELECT pg_catalog.set_config('tierflow.locks', '[["tier_model_access", "SHARE ROW EXCLUSIVE"]]', true) AS said
    \gset
    \ir standalone/take_locks.sql
\endif
\ir standalone/drop_lock_holder.sql
\ir queries/pause_sync.sql

-- the ledger; an unfinished build of tierflow is given up
\ir schema/create_ledger_schema.sql
\ir schema/create_run.sql
\ir schema/create_step.sql
\ir schema/create_chunk.sql
\ir schema/create_change_log.sql
\ir schema/create_quarantine.sql
\ir schema/create_decision.sql
\ir schema/create_tier_map.sql
\ir schema/create_write_code.sql
\ir schema/create_captured.sql
\ir schema/create_reconciled_grant.sql
\ir schema/create_finalization.sql
\if :has_capture
    \ir schema/drop_capture_trigger.sql
    \ir schema/drop_capture_update_trigger.sql
    \ir schema/drop_capture_truncate_trigger.sql
\endif
\if :has_build
    \ir schema/drop_build_schema.sql
\endif

-- the decisions and the rules
SELECT gen_random_uuid() AS run_id, now() AS started
\gset
\set head 'CREATE TEMPORARY TABLE tier ON COMMIT DROP AS'
\ir queries/list_tiers.sql
\ir standalone/create_settled_map.sql
\ir standalone/create_candidate.sql
\ir standalone/create_given_code.sql
\ir standalone/create_settled.sql
\ir standalone/create_show_code.sql
\ir standalone/require_decisions.sql
SELECT decisions, decisions ->> 'min_coverage' AS least,
    changes OR NOT :'has_rules'::boolean AS changes_rules, 'standalone sql' AS mode, 'standalone sql' AS fingerprint
FROM pg_temp.settled
\gset
\if :changes_rules
    \ir queries/save_decision.sql
    \ir queries/clear_tier_map.sql
    \ir standalone/insert_tier_map.sql
    \ir schema/create_tier_code_view.sql
    \ir schema/create_write_code_in_force_view.sql
    \ir schema/create_markup_number_function.sql
    \ir schema/create_usable_markup_function.sql
    \ir schema/create_held_json_function.sql
    \ir schema/create_access_items_function.sql
    \ir schema/create_markup_object_function.sql
    \ir schema/create_implied_grants_of_pairs_function.sql
    \ir schema/create_implied_grants_function.sql
    \ir schema/create_implied_grant_view.sql
\endif

-- preflight: the data
\set head 'CREATE TEMPORARY TABLE source_value ON COMMIT DROP AS'
\ir queries/group_source_values.sql
\ir standalone/create_pair.sql
\ir standalone/create_element.sql
\ir standalone/create_holder.sql
\ir standalone/warn_unheld_codes.sql
\ir standalone/require_decided.sql
\ir standalone/settle_write_codes.sql
\ir queries/save_write_codes.sql
SELECT decisions FROM :"ledger".decision
\gset
\ir queries/insert_run.sql

-- the junction table: loaded bare, or repaired
\set captured ''
\set capture_seconds ''
\if :published
    \set unlawful 0
    SELECT :'lacks_unique'::boolean OR :'lacks_fk_tier'::boolean OR :'lacks_fk_model'::boolean AS lacks_key
    \gset
    \if :lacks_key
        \ir queries/delete_unlawful_grants.sql
        \set unlawful :ROW_COUNT
    \endif
    \ir standalone/create_drift.sql
    SELECT
        count(*) FILTER (WHERE change = 'inserted') AS inserted,
        count(*) FILTER (WHERE change = 'updated') AS updated,
        count(*) FILTER (WHERE change = 'deleted') + :unlawful AS deleted,
        count(*) > 0 AS drifted
    FROM pg_temp.drift
    \gset
    \if :drifted
        \set low ''
        \set high ''
        \set apply true
        \ir queries/reconcile_grants.sql
    \endif
\else
    \ir queries/clear_chunks.sql
    \ir queries/clear_change_log.sql
    \ir queries/clear_quarantine.sql
    \ir queries/clear_reconciled_grant.sql
    \ir schema/drop_captured.sql
    \ir schema/create_captured.sql
    \set low ''
    \set high ''
    \ir queries/capture_range.sql
    \set captured :ROW_COUNT
    \ir schema/create_tier_model_access.sql
    \ir standalone/load_grants.sql
    \set inserted :ROW_COUNT
    \ir schema/create_tier_model_access_pkey.sql
    \ir schema/add_tier_model_access_pkey.sql
    \set updated 0
    \set deleted 0
\endif
\if :lacks_unique
    \ir schema/create_unique_tier_model.sql
    \ir schema/add_unique_tier_model.sql
\endif
\if :lacks_indexes
    \ir schema/create_idx_tier_model_tier_id.sql
    \ir schema/create_idx_tier_model_model_id.sql
    \ir schema/create_idx_tier_model_enabled.sql
    \ir schema/create_idx_tier_model_lookup.sql
\endif
\if :lacks_fk_tier
    \ir schema/drop_fk_tier_model_tier.sql
    \ir schema/add_fk_tier_model_tier.sql
    \ir schema/validate_fk_tier_model_tier.sql
\endif
\if :lacks_fk_model
    \ir schema/drop_fk_tier_model_model.sql
    \ir schema/add_fk_tier_model_model.sql
    \ir schema/validate_fk_tier_model_model.sql
\endif
\ir queries/analyze_tier_model_access.sql
\if :lacks_layer
    \ir schema/create_v_model_tier_access.sql
    \ir schema/create_v_tier_model_summary.sql
    \if :has_security_invoker
        \ir schema/set_v_model_tier_access_invoker.sql
        \ir schema/set_v_tier_model_summary_invoker.sql
    \endif
    \ir schema/create_get_models_for_tier.sql
    \ir schema/create_is_model_available_for_tier.sql
    \ir schema/create_raise_tier_error.sql
    \ir schema/create_check_tier_write.sql
    \ir schema/create_assign_models_to_tier.sql
    \ir schema/create_remove_model_from_tier.sql
    \ir schema/create_set_model_markup.sql
    \ir schema/create_set_model_tiers.sql
    \ir schema/create_touch_function.sql
    \ir schema/create_touch_trigger.sql
\endif
\ir standalone/delete_stale_quarantine.sql
\ir standalone/insert_quarantine.sql

-- the audit, parity included
\set low ''
\set high ''
\set head 'CREATE TEMPORARY TABLE coverage ON COMMIT DROP AS'
\ir checks/coverage.sql
\set head 'CREATE TEMPORARY TABLE orphans ON COMMIT DROP AS'
\ir checks/orphans.sql
\set head 'CREATE TEMPORARY TABLE distribution ON COMMIT DROP AS'
\ir checks/distribution.sql
\set head 'CREATE TEMPORARY TABLE schema ON COMMIT DROP AS'
\ir checks/schema.sql
\ir standalone/require_audit.sql

SELECT
    coalesce(sum(pair.models), 0) AS source_models,
    coalesce(sum(read.source_elements * pair.models), 0) AS source_elements,
    coalesce(sum(read.migrated * pair.models), 0) AS migrated,
    coalesce(sum(read.merged * pair.models), 0) AS merged,
    coalesce(sum(read.duplicates * pair.models), 0) AS duplicates,
    coalesce(sum(read.quarantined * pair.models), 0) AS quarantined,
    coalesce(sum(read.grants * pair.models), 0) AS grants,
    coalesce(sum(read.defaulted * pair.models), 0) AS defaulted_markups,
    extract(EPOCH FROM clock_timestamp() - :'started'::timestamptz) AS seconds
FROM pg_temp.pair AS pair
LEFT JOIN (
    SELECT element.pair,
        count(*) AS source_elements,
        count(*) FILTER (WHERE fate = 'migrated') AS migrated,
        count(*) FILTER (WHERE fate = 'merged') AS merged,
        count(*) FILTER (WHERE fate = 'duplicates') AS duplicates,
        count(*) FILTER (WHERE fate = 'quarantined') AS quarantined,
        sum(tiers_made) AS grants,
        count(*) FILTER (WHERE defaulted) AS defaulted
    FROM pg_temp.element AS element
    GROUP BY element.pair
) AS read ON pair.number = read.pair
\gset

-- the captured values, which every way back reads: those of a table that is adopted, or that are gone, are captured now
SELECT count(*) = 0 AS lacks_chunks FROM :"ledger".chunk
\gset
\set number 1
\set low ''
\set high ''
\if :lacks_chunks
    \ir queries/insert_chunk.sql
    \ir queries/finish_chunk.sql
\endif
\set head 'CREATE TEMPORARY TABLE captured_count ON COMMIT DROP AS'
\ir queries/count_captured.sql
\ir standalone/create_captured_state.sql
\set head 'CREATE TEMPORARY TABLE captured_key ON COMMIT DROP AS'
\ir queries/has_captured_key.sql
SELECT
    (SELECT NOT is_complete FROM pg_temp.captured_state) AS lacks_captured,
    (SELECT NOT there FROM pg_temp.captured_key) AS lacks_captured_key
\gset
\if :lacks_captured_key
    \ir schema/create_captured_pkey.sql
    \ir schema/add_captured_pkey.sql
\endif
\if :lacks_captured
    \ir queries/capture_missing.sql
    \ir queries/record_captured.sql
\endif

-- the backup columns: filled where they are asked for, dropped where they no longer are
SELECT
    wanted AND :'lacks_backup_columns'::boolean AS adds_columns,
    wanted AND (:'lacks_backup_columns'::boolean OR (SELECT bool_or(backed_up IS NULL) FROM :"ledger".chunk)) AS fills_columns,
    NOT wanted AND :'has_backup_columns'::boolean AS drops_columns
FROM (SELECT (decisions ->> 'backup_columns')::boolean AS wanted FROM pg_temp.settled) AS decided
\gset
\if :adds_columns
    \ir standalone/require_backup_room.sql
    \ir schema/add_backup_columns.sql
    \ir schema/mark_tier_access_backup.sql
    \ir schema/mark_tier_markup_backup.sql
    \ir queries/reopen_backups.sql
\endif
\if :fills_columns
    \ir schema/create_keep_columns_function.sql
    \ir schema/revoke_keep_columns_function.sql
    \ir schema/create_keep_columns_trigger.sql
    \set local true
    \ir queries/allow_backup.sql
    \set after ''
    \set most 2147483647
    \ir queries/back_up_batch.sql
    \ir schema/drop_keep_columns_trigger.sql
    \ir schema/drop_keep_columns_function.sql
    \ir standalone/finish_backups.sql
\endif
\if :drops_columns
    \ir schema/drop_backup_columns.sql
    \ir queries/reopen_backups.sql
\endif

-- the sync: from now on each side follows the other; made anew where the rules change
SELECT :'lacks_sync'::boolean OR :'changes_rules'::boolean AS puts_sync
\gset
\if :puts_sync
    \ir schema/create_sync_model_view.sql
    \ir schema/create_sync_grant_view.sql
    \ir schema/create_sync_tier_view.sql
    \ir schema/create_sync_rewrite_function.sql
    \ir schema/create_sync_quarantine_function.sql
    \ir schema/create_sync_decision_function.sql
    \ir schema/create_sync_follow_plain_jsonb_function.sql
    \ir schema/create_sync_follow_jsonb_function.sql
    \ir schema/create_sync_follow_plain_grants_function.sql
    \ir schema/create_sync_follow_junction_function.sql
    \ir schema/create_sync_note_function.sql
    \ir schema/create_sync_models_function.sql
    \ir schema/create_sync_lock_function.sql
    \ir schema/create_sync_grants_function.sql
    \ir schema/create_sync_tiers_function.sql
    \ir schema/revoke_sync_functions.sql
    \ir schema/create_sync_grants_lock_trigger.sql
    \ir schema/create_sync_grants_insert_trigger.sql
    \ir schema/create_sync_grants_update_trigger.sql
    \ir schema/create_sync_grants_delete_trigger.sql
    \ir schema/create_sync_grants_truncate_trigger.sql
    \ir schema/create_sync_models_note_insert_trigger.sql
    \ir schema/create_sync_models_note_update_trigger.sql
    \ir schema/create_sync_models_write_trigger.sql
    \ir schema/create_sync_models_delete_trigger.sql
    \ir schema/create_sync_models_truncate_trigger.sql
    \ir schema/create_sync_tiers_insert_trigger.sql
    \ir schema/create_sync_tiers_rename_trigger.sql
    \ir schema/create_sync_tiers_delete_trigger.sql
    \ir schema/create_sync_tiers_truncate_trigger.sql
\endif

-- the record of the run
SELECT
    CASE
        WHEN NOT :'published'::boolean THEN 'published'
        WHEN :inserted + :updated + :deleted > 0 OR :'lacks_captured'::boolean OR :'fills_columns'::boolean OR :'drops_columns'::boolean
            OR :'lacks_indexes'::boolean OR :'lacks_fk_tier'::boolean OR :'lacks_fk_model'::boolean OR :'lacks_layer'::boolean OR :'lacks_sync'::boolean
            THEN 'reconciled'
        ELSE 'unchanged'
    END AS outcome,
    '' AS error
\gset
SELECT jsonb_build_object(
    'run_id', :'run_id', 'outcome', :'outcome', 'source_models', :source_models, 'source_elements', :source_elements,
    'migrated', :migrated, 'merged', :merged, 'duplicates', :duplicates, 'quarantined', :quarantined, 'grants', :grants,
    'defaulted_markups', :defaulted_markups, 'inserted', :inserted, 'updated', :updated, 'deleted', :deleted,
    'coverage', coverage.coverage, 'seconds', :seconds
) AS result
FROM pg_temp.coverage AS coverage WHERE coverage.provider = '(all)'
\gset
\ir queries/finish_run.sql
COMMIT;
\o
\echo Outcome: :outcome. :inserted grants inserted, :updated updated, :deleted deleted; the table holds :grants.
\echo Models: :source_models. Source elements: :source_elements = :migrated migrated + :merged merged + :duplicates duplicates + :quarantined quarantined.
\echo Parity proven: 0 missing, 0 extra, 0 wrong markups. :defaulted_markups grants have no markup and are billed at 1.00.
\echo Next: psql -X -f verify_migration.sql. The quarantine is in the table tierflow.quarantine.
