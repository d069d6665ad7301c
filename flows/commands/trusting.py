"""Commands about who may do what, and what is kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.commands.options import Json, Schema, Verbose, Yes
from flows.console import run_command, show_ask_and_run


def grants(
    command: Annotated[
        str | None,
        typer.Argument(help="A command, `sync` (kept by the runner) or `reader`. Default: all."),
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="The role to give them to. Default: the one connected as.")
    ] = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print the GRANT statements that each command needs. Changes nothing."""

    def work() -> list[dict[str, Any]]:
        from flows.target import open_target
        from tierflow.grants import describe_grants

        with open_target(schema, judges=False) as target:
            return describe_grants(target, command, role)

    run_command(work, "grants", json_=json_, verbose=verbose)


def forget(
    older_than: Annotated[
        int, typer.Option("--older-than", min=0, metavar="DAYS", help="Age of what may go.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be deleted.")
    ] = False,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Delete old runs that nothing needs from the ledger, and their reports."""

    def work(dry_run: bool) -> dict[str, Any]:
        from flows.target import open_target
        from tasks.forget import forget_runs

        with open_target(schema, judges=False) as target:
            return forget_runs(target, older_than, apply=not dry_run)

    question = "These records of {place} are gone for good. Go on?"
    show_ask_and_run(
        work, "forget", question, schema, dry_run=dry_run, yes=yes, json_=json_, verbose=verbose
    )
