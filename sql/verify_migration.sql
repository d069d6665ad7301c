-- Verifies a published migration: the eight checks of `tierflow verify`, with nothing but psql (14 or newer).
--
--   psql -X -d DATABASE -f verify_migration.sql -v schema=public [-v min_coverage=0.8]
--
-- One read-only transaction. Prints the checks and who was forgotten, then exits with 3 when one of them did not pass.
\ir standalone/session.psql
\o :null_device
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
\ir standalone/set_transaction.sql
\ir standalone/refuse_finalized.sql
SELECT
    to_regclass(format('%I.tier_model_access', :'schema')) IS NOT NULL
    AND to_regclass(format('%I.v_model_tier_access', :'schema')) IS NOT NULL
    AND to_regclass(format('%I.v_tier_model_summary', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.get_models_for_tier(varchar)', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.is_model_available_for_tier(uuid, varchar)', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.assign_models_to_tier(varchar, uuid[], numeric)', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.remove_model_from_tier(uuid, varchar)', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.set_model_markup(uuid, varchar, numeric)', :'schema')) IS NOT NULL
    AND to_regprocedure(format('%I.set_model_tiers(uuid, text[])', :'schema')) IS NOT NULL
    AND to_regclass(format('%I.implied_grant', :'ledger')) IS NOT NULL
    AND to_regclass(format('%I.write_code_in_force', :'ledger')) IS NOT NULL AS is_there,
    to_regprocedure(format('%I.sync_rewrite(jsonb, jsonb, integer[], numeric[])', :'ledger')) IS NOT NULL AS has_rewrite,
    to_regclass(format('%I.captured', :'ledger')) IS NOT NULL AS has_captured
\gset
\set head 'DECLARE "check schema" NO SCROLL CURSOR FOR'
\ir checks/schema.sql
\if :is_there
    \if :{?min_coverage}
        \set least :min_coverage
    \else
        SELECT coalesce(max(decisions ->> 'min_coverage'), '0.8') AS least FROM :"ledger".decision
        \gset
    \endif
    \set sample_models 100
    \set whole true
    \set models '{}'
    \set low ''
    \set high ''
    \set head 'DECLARE "check coverage" NO SCROLL CURSOR FOR'
    \ir checks/coverage.sql
    \set head 'DECLARE "check orphans" NO SCROLL CURSOR FOR'
    \ir checks/orphans.sql
    \set head 'DECLARE "check distribution" NO SCROLL CURSOR FOR'
    \ir checks/distribution.sql
    \set head 'DECLARE "check compatibility" NO SCROLL CURSOR FOR'
    \ir checks/compatibility.sql
    \set head 'DECLARE "check price_differences" NO SCROLL CURSOR FOR'
    \ir checks/price_differences.sql
    \set head 'DECLARE "check objects" NO SCROLL CURSOR FOR'
    \ir queries/list_objects.sql
    \set head 'DECLARE "check new_quarantine" NO SCROLL CURSOR FOR'
    \ir queries/list_new_quarantine.sql
    \if :has_rewrite
        \set head 'DECLARE "check later_grants" NO SCROLL CURSOR FOR'
        \ir checks/later_grants.sql
    \endif
    \if :has_captured
        \set head 'DECLARE "check captured" NO SCROLL CURSOR FOR'
        \ir queries/count_captured.sql
    \endif
    \set head 'DECLARE "check swapped" NO SCROLL CURSOR FOR'
    \ir queries/list_swapped.sql
    \set head 'DECLARE "check subscription_rights" NO SCROLL CURSOR FOR'
    \ir queries/has_subscription_rights.sql
    FETCH "check subscription_rights"
    \gset subscription_rights_
    \if :subscription_rights_there
        \set head 'DECLARE "check subscribed" NO SCROLL CURSOR FOR'
        \ir queries/list_subscribed.sql
    \endif
    \ir standalone/collect_frames.sql
    \ir standalone/settle_parts.sql
    \set round 1
    \ir standalone/measure_round.psql
    \if :is_slow
        \set round 2
        \ir standalone/measure_round.psql
    \endif
    \if :is_slow
        \set round 3
        \ir standalone/measure_round.psql
    \endif
    \ir standalone/settle_checks.sql
\else
    \ir standalone/collect_frames.sql
    \ir standalone/settle_parts.sql
    \ir standalone/settle_nothing.sql
\endif
\o
\ir standalone/list_checks.sql
\echo Roles that can use the old columns and not what is published, and the statements that let them:
\ir queries/list_shut_out.sql
\ir standalone/require_checks.sql
COMMIT;
\echo All eight checks passed.
