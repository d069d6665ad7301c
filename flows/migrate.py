"""The migration, from preflight to verified: read it as a table of contents."""

from __future__ import annotations

from typing import Any, Literal

from prefect import flow

from flows.recording import Run, recorded_run
from flows.target import open_target
from tasks import build, judge, publish
from tasks.back_up import back_up
from tasks.catch_up import catch_up
from tasks.reconcile import reconcile
from tasks.survey import Survey
from tierflow.decisions import read_decisions
from tierflow.forecast import load_forecast
from tierflow.settings import Target


@flow(name="migrate", persist_result=False)
def migrate(
    dry_run: bool = False,
    restart: bool = False,
    tier_map: dict[str, list[str]] | None = None,
    unknown_tiers: Literal["fail", "quarantine"] | None = None,
    malformed: Literal["fail", "quarantine"] | None = None,
    markup_conflict: Literal["fail", "quarantine", "lowest", "highest"] | None = None,
    inexact_markup: Literal["fail", "quarantine", "round"] | None = None,
    min_coverage: float | None = None,
    config: str | None = None,
    schema_name: str | None = None,
    database: str | None = None,
) -> dict[str, Any]:
    """Move the JSONB access data into the junction table: write, audit, publish, verify.

    Args:
        dry_run: Do all of it up to the audit, then throw the build away.
        restart: Throw an unfinished build away first; else it is resumed.
        tier_map: What each code of the JSONB means, as {"code": ["tier"]}.
        unknown_tiers: What happens to a code that is neither mapped nor a tier. Empty, here and
            below: what the last run of this database decided; the first run stops and asks.
        malformed: What happens to a value that cannot be read.
        markup_conflict: Which markup counts when the codes of one tier carry different ones.
        inexact_markup: What happens to a markup with more than two decimals.
        min_coverage: Share of all enabled models that must have a grant, 0 to 1; at first 0.8.
        config: A tierflow.toml with these decisions; the fields above go before it.
        schema_name: Schema of the source tables and the published objects; default public.
        database: Name of a saved connection; none: TIERFLOW_DSN, else the embedded database.
    """
    given = read_decisions(
        config,
        {
            "tier_map": tier_map,
            "unknown_tiers": unknown_tiers,
            "malformed": malformed,
            "markup_conflict": markup_conflict,
            "inexact_markup": inexact_markup,
            "min_coverage": min_coverage,
        },
    )
    mode = "dry run" if dry_run else "migrate"
    with (
        open_target(schema_name, database=database) as target,
        recorded_run(target, mode, locked=True) as run,
    ):
        survey = run.survey(given)
        survey.plan.require_decided()
        run.step(judge.load_expectations)
        if survey.inventory.published:
            outcome = repair(run, target, survey, dry_run=dry_run)
        else:
            outcome = write_audit_publish(
                run, target.for_mode(mode), survey, dry_run=dry_run, restart=restart
            )
        if not dry_run:
            run.verify(min_coverage=survey.rules.decisions.min_coverage)
        return run.finish(outcome)


def write_audit_publish(
    run: Run, target: Target, survey: Survey, *, dry_run: bool, restart: bool
) -> str:
    """Make the junction table where nobody sees it; publish it when the audit is passed."""
    with run.build_scope(target, dry_run=dry_run):
        run.step(build.create_ledger, target)
        if not dry_run:
            run.open_ledger(survey.rules.decisions)
        plan = run.step(build.create_objects, target, survey, run.run_id, restart=restart)
        chunks = [chunk for chunk in plan.chunks if not chunk.loaded]
        run.each(build.load_chunk, target, chunks, survey.rules, run.names)
        run.facts.counts = run.step(build.count_loaded, target)
        run.step(build.build_indexes, target)
        run.step(catch_up, target, survey.rules)
        run.step(build.validate_keys, target)
        audit = run.step(
            judge.audit, target, run.names, min_coverage=survey.rules.decisions.min_coverage
        )
        run.facts.audit = audit
        audit.require_passed()
    if dry_run:
        return "dry_run"
    run.step(back_up, target)
    run.step(publish.publish, target, survey.rules)
    run.facts.written = {"inserted": audit.grants}
    run.facts.forecast = load_forecast(target.home, survey.database)
    return "published"


def repair(run: Run, target: Target, survey: Survey, *, dry_run: bool) -> str:
    """Make a table that is already live what the JSONB says, and complete what belongs to it."""
    if not dry_run:
        run.step(build.create_ledger, target)
        run.open_ledger(survey.rules.decisions)
    done = run.step(reconcile, target, survey, run.names, apply=not dry_run)
    run.facts.changes, run.facts.written = done.changes, done.counts
    if dry_run:
        return "dry_run"
    copied = run.step(back_up, target)
    return "reconciled" if done.changes or done.created or copied else "unchanged"
