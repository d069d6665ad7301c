"""Commands that move the access data, or say how they would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.options import (
    BackupColumns,
    Config,
    InexactMarkup,
    Json,
    Malformed,
    MarkupConflict,
    MinCoverage,
    Schema,
    TierMap,
    UnknownTiers,
    Verbose,
    Yes,
    as_text,
    gather_decisions,
    read_tier_map,
)
from flows.console import confirm, import_flow, run_command


def demo(json_: Json = False, verbose: Verbose = False) -> None:
    """Migrate a real catalogue of models on an embedded PostgreSQL, afresh each time."""

    def work() -> dict[str, Any] | None:
        from flows.demo import run_demo

        result = run_demo(quiet=json_)
        return result if json_ else None  # it has shown itself, step by step

    run_command(work, "demo", json_=json_, verbose=verbose)


def plan(
    tier_map: TierMap = None,
    unknown_tiers: UnknownTiers = None,
    malformed: Malformed = None,
    markup_conflict: MarkupConflict = None,
    inexact_markup: InexactMarkup = None,
    min_coverage: MinCoverage = None,
    backup_columns: BackupColumns = None,
    config: Config = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a run would do and what a person must decide first. Changes nothing."""
    options = gather_decisions(
        unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage, backup_columns
    )

    def work() -> dict[str, Any]:
        flow = import_flow("plan", judges=False)
        return flow(
            options=options | read_tier_map(tier_map),
            config=as_text(config),
            schema_name=schema,
        )

    run_command(work, "plan", json_=json_, verbose=verbose)


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all of it up to the audit, then throw it away.")
    ] = False,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Throw an unfinished build away first; else it is resumed."),
    ] = False,
    tier_map: TierMap = None,
    unknown_tiers: UnknownTiers = None,
    malformed: Malformed = None,
    markup_conflict: MarkupConflict = None,
    inexact_markup: InexactMarkup = None,
    min_coverage: MinCoverage = None,
    backup_columns: BackupColumns = None,
    pg_dump: Annotated[
        Path | None, typer.Option(help="Dump both source tables to this file first.")
    ] = None,
    config: Config = None,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Move the access data into the junction table: write, audit, publish, verify."""
    options = gather_decisions(
        unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage, backup_columns
    )
    if not dry_run:
        confirm("This publishes tier_model_access in {place}. Go on?", schema, yes=yes)

    def work() -> dict[str, Any]:
        flow = import_flow("migrate", judges=True)
        return flow(
            dry_run=dry_run,
            restart=restart,
            **options,
            **read_tier_map(tier_map),
            pg_dump=as_text(pg_dump),
            config=as_text(config),
            schema_name=schema,
        )

    run_command(work, "migrate", json_=json_, verbose=verbose)


def rehearse(
    tier_map: TierMap = None,
    unknown_tiers: UnknownTiers = None,
    malformed: Malformed = None,
    markup_conflict: MarkupConflict = None,
    inexact_markup: InexactMarkup = None,
    min_coverage: MinCoverage = None,
    backup_columns: BackupColumns = None,
    config: Config = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Live the whole life of a migration on a disposable copy; the database is only read."""
    options = gather_decisions(
        unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage, backup_columns
    )

    def work() -> dict[str, Any]:
        flow = import_flow("rehearse", judges=True)
        decisions = {**options, **read_tier_map(tier_map)}
        return flow(**decisions, config=as_text(config), schema_name=schema)

    run_command(work, "rehearse", json_=json_, verbose=verbose)
