"""The command line. Each command imports its flow late: Prefect and Great Expectations take 5 s."""

from __future__ import annotations

import enum
import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.console import call, confirm, import_flow, run_command

app = typer.Typer(
    name="tierflow",
    help="Move JSONB access data into a junction table on a live PostgreSQL database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log every step; show tracebacks.")]
Schema = Annotated[str, typer.Option(help="Schema of the source tables and published objects.")]


class Side(enum.StrEnum):
    """The two sides of the sync."""

    JSONB = "jsonb"
    JUNCTION = "junction"


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Config = Annotated[Path | None, typer.Option(help="A tierflow.toml with the decisions.")]
TierMap = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE=TIER[,TIER]", help="What a code of the JSONB means; repeatable."),
]
UnknownTiers = Annotated[str | None, typer.Option(metavar="fail|quarantine")]
Malformed = Annotated[str | None, typer.Option(metavar="fail|quarantine")]
MarkupConflict = Annotated[str | None, typer.Option(metavar="fail|quarantine|lowest|highest")]
InexactMarkup = Annotated[str | None, typer.Option(metavar="fail|quarantine|round")]
MinCoverage = Annotated[
    float | None, typer.Option(help="Share of all enabled models that must have a grant, 0 to 1.")
]


@app.command()
def demo(json_: Json = False, verbose: Verbose = False) -> None:
    """Migrate a real catalogue of models on an embedded PostgreSQL, afresh each time."""

    def work() -> dict[str, Any] | None:
        from flows.demo import run_demo

        result = run_demo(quiet=json_)
        return result if json_ else None  # it has shown itself, step by step

    run_command(work, "demo", json_=json_, verbose=verbose)


@app.command()
def plan(
    tier_map: TierMap = None,
    unknown_tiers: UnknownTiers = None,
    malformed: Malformed = None,
    markup_conflict: MarkupConflict = None,
    inexact_markup: InexactMarkup = None,
    min_coverage: MinCoverage = None,
    config: Config = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a run would do and what a person must decide first. Changes nothing."""
    options = _decisions(unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage)

    def work() -> dict[str, Any]:
        flow = import_flow("plan", judges=False)
        return call(
            flow, options=options | _tier_map(tier_map), config=_text(config), schema_name=schema
        )

    run_command(work, "plan", json_=json_, verbose=verbose)


@app.command()
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
    backup_columns: Annotated[
        bool | None,
        typer.Option(
            "--backup-columns/--no-backup-columns",
            help="Keep the captured values in two columns of the models.",
        ),
    ] = None,
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
    options = _decisions(unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage)
    if not dry_run:
        confirm("This publishes tier_model_access in the database. Go on?", yes=yes)

    def work() -> dict[str, Any]:
        flow = import_flow("migrate", judges=True)
        return call(
            flow,
            dry_run=dry_run,
            restart=restart,
            **options,
            **_tier_map(tier_map),
            backup_columns=backup_columns,
            pg_dump=_text(pg_dump),
            config=_text(config),
            schema_name=schema,
        )

    run_command(work, "migrate", json_=json_, verbose=verbose)


@app.command()
def verify(
    detailed: Annotated[
        bool, typer.Option("--detailed", help="Add the breakdown by provider and tier.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare checksums of both sides only.")
    ] = False,
    min_coverage: MinCoverage = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the published table in 8 ways against the JSONB. Changes nothing."""

    def work() -> dict[str, Any]:
        flow = import_flow("verify", judges=not quick)
        return call(
            flow, detailed=detailed, quick=quick, min_coverage=min_coverage, schema_name=schema
        )

    run_command(work, "verify", json_=json_, verbose=verbose)


@app.command()
def rollback(
    restore_snapshot: Annotated[
        bool,
        typer.Option(
            "--restore-snapshot", help="Give up later changes: put the captured values back."
        ),
    ] = False,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Remove the published objects; later changes are kept in the JSONB."""
    what = (
        "gives up every change since the migration" if restore_snapshot else "keeps later changes"
    )
    confirm(f"This drops tier_model_access and its layer, and {what}. Go on?", yes=yes)

    def work() -> dict[str, Any]:
        flow = import_flow("rollback", judges=False)
        return call(flow, restore_snapshot=restore_snapshot, schema_name=schema)

    run_command(work, "rollback", json_=json_, verbose=verbose)


@app.command()
def reconcile(
    side: Annotated[
        Side, typer.Option("--from", metavar="jsonb|junction", help="The side that is right.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what differs; change nothing.")
    ] = False,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Repair drift between JSONB and junction table: the other side follows the one named."""

    def repair(dry_run: bool) -> dict[str, Any]:
        flow = import_flow("reconcile", judges=False)
        return call(flow, side=side.value, dry_run=dry_run, schema_name=schema)

    if not dry_run and not yes and sys.stdin.isatty():
        run_command(lambda: repair(True), "reconcile", json_=False, verbose=verbose)
        confirm(f"The other side will follow the {side.value}. Go on?", yes=yes)
    run_command(lambda: repair(dry_run), "reconcile", json_=json_, verbose=verbose)


@app.command()
def rehearse(
    tier_map: TierMap = None,
    unknown_tiers: UnknownTiers = None,
    malformed: Malformed = None,
    markup_conflict: MarkupConflict = None,
    inexact_markup: InexactMarkup = None,
    min_coverage: MinCoverage = None,
    config: Config = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Live the whole life of a migration on a disposable copy; the database is only read."""
    options = _decisions(unknown_tiers, malformed, markup_conflict, inexact_markup, min_coverage)

    def work() -> dict[str, Any]:
        flow = import_flow("rehearse", judges=True)
        decisions = {**options, **_tier_map(tier_map)}
        return call(flow, **decisions, config=_text(config), schema_name=schema)

    run_command(work, "rehearse", json_=json_, verbose=verbose)


@app.command()
def runs(
    limit: Annotated[int, typer.Option(min=1, help="How many runs, newest first.")] = 20,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show the runs that the ledger holds, with their steps."""

    def work() -> list[dict[str, Any]]:
        from flows.target import open_target
        from tierflow.history import flag_regressions
        from tierflow.ledger import list_runs

        with open_target(schema, judges=False) as target:
            return flag_regressions(list_runs(target, limit))

    run_command(work, "runs", json_=json_, verbose=verbose)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port of the Prefect UI and API.")] = 4200,
    files_port: Annotated[int, typer.Option(help="Port of the reports and data docs.")] = 4280,
    verbose: Verbose = False,
) -> None:
    """Serve Prefect's UI with the deployments, the reports and data docs, until Ctrl-C."""

    def work() -> None:
        from flows.serve import serve_all

        serve_all(port, files_port)

    run_command(work, "serve", json_=False, verbose=verbose)


def _decisions(
    unknown_tiers: str | None,
    malformed: str | None,
    markup_conflict: str | None,
    inexact_markup: str | None,
    min_coverage: float | None,
) -> dict[str, Any]:
    return {
        "unknown_tiers": unknown_tiers,
        "malformed": malformed,
        "markup_conflict": markup_conflict,
        "inexact_markup": inexact_markup,
        "min_coverage": min_coverage,
    }


def _tier_map(options: list[str] | None) -> dict[str, Any]:
    from tierflow.decisions import parse_tier_map

    return {
        "tier_map": {code: list(tiers) for code, tiers in parse_tier_map(options or []).items()}
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def main() -> None:
    """Run the command line."""
    try:
        app()
    finally:
        # the collector would search all of Prefect and pandas once more at exit: 0.4 s of nothing
        gc.freeze()


if __name__ == "__main__":
    main()
