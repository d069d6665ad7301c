"""Commands that compare both sides, and show what was done."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import typer

from flows.commands.options import Json, MinCoverage, Schema, Verbose, Yes
from flows.console import import_flow, run_command, show_ask_and_run


class Side(enum.StrEnum):
    """The two sides of the sync."""

    JSONB = "jsonb"
    JUNCTION = "junction"


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
        return flow(detailed=detailed, quick=quick, min_coverage=min_coverage, schema_name=schema)

    run_command(work, "verify", json_=json_, verbose=verbose)


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
        return flow(side=side.value, dry_run=dry_run, schema_name=schema)

    question = f"In {{place}} the other side will follow the {side.value}. Go on?"
    show_ask_and_run(
        repair,
        "reconcile",
        question,
        schema,
        dry_run=dry_run,
        yes=yes,
        json_=json_,
        verbose=verbose,
    )


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
