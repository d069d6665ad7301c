"""The migration, from preflight to verified: read it as a table of contents."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from flows.choices import Choice
from flows.recording import Run, recorded_run
from flows.target import open_target
from tasks import build, count, indexes, judge, load, publish
from tasks.back_up import BackedUp, back_up, drop_backup_columns
from tasks.catch_up import catch_up
from tasks.compare import Comparison, prove_parity
from tasks.dump import dump_source
from tasks.reconcile import reconcile
from tasks.survey import Survey
from tasks.try_write import try_write
from tierflow.decisions import read_decisions
from tierflow.evidence import hash_file
from tierflow.explode import Counts
from tierflow.forecast import load_forecast
from tierflow.settings import Target


def migrate(
    dry_run: bool = False,
    restart: bool = False,
    tier_map: dict[str, list[str]] | None = None,
    write_codes: dict[str, str] | None = None,
    unknown_tiers: Choice[Literal["fail", "quarantine"]] = None,
    malformed: Choice[Literal["fail", "quarantine"]] = None,
    double_encoded: Choice[Literal["fail", "quarantine", "parse"]] = None,
    markup_conflict: Choice[Literal["fail", "quarantine", "lowest", "highest"]] = None,
    inexact_markup: Choice[Literal["fail", "quarantine", "round"]] = None,
    min_coverage: float | None = None,
    backup_columns: Choice[bool] = None,
    pg_dump: str | None = None,
    config: str | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Move the JSONB access data into the junction table: write, audit, publish, verify.

    Args:
        dry_run: Do all of it up to the audit, then throw the build away.
        restart: Throw an unfinished build away first; else it is resumed.
        tier_map: What each code of the JSONB means, as {"code": ["tier"]}.
        write_codes: By which code the old application knows a tier, as {"tier": "code"}; the other
            tiers: by the code that most models hold.
        unknown_tiers: What happens to a code that is neither mapped nor a tier. "as decided
            before", here and below: as the last run of this database; the first stops and asks.
        malformed: What happens to a value that cannot be read.
        double_encoded: What happens to a JSON string that holds an array or an object.
        markup_conflict: Which markup counts when the codes of one tier carry different ones.
        inexact_markup: What happens to a markup with more than two decimals.
        min_coverage: Share of all enabled models that must have a grant, 0 to 1; at first 0.8.
        backup_columns: Show the captured values in two columns of the models as well; at first
            false: the ledger has them.
        pg_dump: File to which both source tables are dumped before the first change.
        config: A tierflow.toml with these decisions; the fields above go before it.
        schema_name: Schema of the source tables and the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    given = read_decisions(
        config,
        {
            "tier_map": tier_map,
            "write_codes": write_codes,
            "unknown_tiers": unknown_tiers,
            "malformed": malformed,
            "double_encoded": double_encoded,
            "markup_conflict": markup_conflict,
            "inexact_markup": inexact_markup,
            "min_coverage": min_coverage,
            "backup_columns": backup_columns,
        },
    )
    mode = "dry run" if dry_run else "migrate"
    with (
        open_target(schema_name, database=database) as target,
        recorded_run(target, mode, locked=True) as run,
    ):
        run.facts.config = hash_file(config)
        survey = run.survey(given)
        survey.plan.require_decided()
        if pg_dump and not dry_run:
            run.step(dump_source, target, Path(pg_dump))
        if survey.plan.counts.grants < judge.LONG_WORK:
            run.step(judge.load_expectations)
        if survey.inventory.published:
            outcome, known = repair(run, target, survey, dry_run=dry_run)
        else:
            outcome, known = write_audit_publish(
                run, target.for_mode(mode), survey, dry_run=dry_run, restart=restart
            )
        if not dry_run:
            run.verify(min_coverage=survey.rules.decisions.min_coverage, known=known)
        counts = run.facts.counts or survey.plan.counts
        count.require_conserved(counts, published=not dry_run)
        return run.finish(outcome)


def write_audit_publish(
    run: Run, target: Target, survey: Survey, *, dry_run: bool, restart: bool
) -> tuple[str, Comparison | None]:
    """Make the junction table where nobody sees it; publish it when the audit is passed."""
    run.step(try_write, target)
    with run.build_scope(target, dry_run=dry_run):
        run.step(build.create_ledger, target)
        if not dry_run:
            run.open_ledger(survey.rules.decisions)
        plan = run.step(build.create_objects, target, survey, run.run_id, restart=restart)
        chunks = [chunk for chunk in plan.chunks if not chunk.loaded]
        run.expected_rows = max(0, survey.plan.counts.grants - plan.loaded)
        run.each(load.load_chunk, target, chunks, survey.rules, run.names)
        run.facts.counts = loaded = run.step(count.count_loaded, target)
        run.step(indexes.build_indexes, target)
        run.step(indexes.build_keys, target)
        caught = run.step(catch_up, target, survey.rules)
        run.step(indexes.validate_keys, target)
        comparison = run.step(prove_parity, target)
        min_coverage = survey.rules.decisions.min_coverage
        audit = run.step(judge.audit, target, run.names, comparison, min_coverage=min_coverage)
        run.facts.audit = audit
        audit.require_passed()
        if dry_run:
            count_again(run, target, survey, loaded, caught)
    if dry_run:
        return "dry_run", None
    late = run.step(publish.publish, target, survey.rules)
    count_again(run, target, survey, loaded, caught + late)
    keep_columns(run, target, survey)
    run.facts.written = {"inserted": audit.grants}
    run.facts.forecast = load_forecast(target.home, survey.database)
    # the table that was audited is the one that is live, unless the publish had to catch up
    return "published", None if late else comparison


def count_again(run: Run, target: Target, survey: Survey, loaded: Counts, caught: int) -> None:
    """Count what changed after it was loaded as it is now, and list what is quarantined now."""
    done = run.step(count.count_published, target, survey.rules, loaded, caught=caught)
    run.facts.counts, run.facts.caught_up = done.counts, done.caught_up
    if done.quarantine is not None:
        run.facts.quarantine = done.quarantine


def repair(
    run: Run, target: Target, survey: Survey, *, dry_run: bool
) -> tuple[str, Comparison | None]:
    """Make a table that is already live what the JSONB says, and complete what belongs to it."""
    if not dry_run:
        run.step(build.create_ledger, target)
        run.open_ledger(survey.rules.decisions)
    done = run.step(reconcile, target, survey, run.names, apply=not dry_run)
    run.facts.changes, run.facts.written = done.changes, done.counts
    run.facts.recaptured = done.captured
    if dry_run:
        return "dry_run", None
    columns = keep_columns(run, target, survey)
    changed = done.changes or done.created or done.captured or columns.changed
    return "reconciled" if changed else "unchanged", done.comparison


def keep_columns(run: Run, target: Target, survey: Survey) -> BackedUp:
    """Fill the backup columns where they are asked for, and drop them where they no longer are."""
    if survey.rules.decisions.backup_columns:
        return run.step(back_up, target, survey.rows)
    if survey.inventory.has_backup_columns:
        return run.step(drop_backup_columns, target)
    return BackedUp()
