"""Commands that take the migration back, or make it final."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.options import Json, Schema, Verbose, Yes
from flows.console import import_flow, run_command, show_ask_and_run, type_name

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
COLUMNS = "tier_access,tier_markup"
TABLE = "model_access_control"


def rollback(
    restore_snapshot: Annotated[
        bool,
        typer.Option(
            "--restore-snapshot", help="Give up later changes: put the captured values back."
        ),
    ] = False,
    dry_run: DryRun = False,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Remove the published objects; later changes are kept in the JSONB."""

    def work(dry_run: bool) -> dict[str, Any]:
        flow = import_flow("rollback", judges=False)
        return flow(restore_snapshot=restore_snapshot, dry_run=dry_run, schema_name=schema)

    what = (
        "gives up every change since the migration" if restore_snapshot else "keeps later changes"
    )
    question = f"This drops tier_model_access and its layer in {{place}}, and {what}. Go on?"
    show_ask_and_run(
        work, "rollback", question, schema, dry_run=dry_run, yes=yes, json_=json_, verbose=verbose
    )


def restore(
    file: Annotated[
        Path, typer.Argument(help="A dump of `migrate --pg-dump`, or an archive of `finalize`.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Give up what was written after the file was made.")
    ] = False,
    keep_newer: Annotated[
        bool,
        typer.Option("--keep-newer", help="On a finalized database: keep later grants instead."),
    ] = False,
    dry_run: DryRun = False,
    schema: Schema = "public",
    yes: Yes = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put tier_access and tier_markup back as a dump or an archive holds them."""

    def work(dry_run: bool) -> dict[str, Any]:
        flow = import_flow("restore", judges=False)
        return flow(
            file=str(file),
            force=force,
            keep_newer=keep_newer,
            dry_run=dry_run,
            schema_name=schema,
        )

    question = f"This writes the tier columns in {{place}} as {file} holds them. Go on?"
    show_ask_and_run(
        work, "restore", question, schema, dry_run=dry_run, yes=yes, json_=json_, verbose=verbose
    )


def finalize(
    check: Annotated[bool, typer.Option("--check", help="Only ask the guards.")] = False,
    soak_days: Annotated[
        float, typer.Option(min=0, help="Days that must have passed since publishing.")
    ] = 7.0,
    archive: Annotated[
        Path | None, typer.Option(help="New file for the archive of what the columns hold.")
    ] = None,
    yes_drop: Annotated[
        str | None, typer.Option(metavar=COLUMNS, help="Do not ask: these columns may go.")
    ] = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Drop the old columns for good, after guards, and with an archive of what they held."""

    def work(check: bool) -> dict[str, Any]:
        flow = import_flow("finalize", judges=False)
        return flow(
            check=check,
            soak_days=soak_days,
            archive=str(archive) if archive else None,
            yes_drop=yes_drop,
            schema_name=schema,
        )

    if not check and yes_drop is None and sys.stdin.isatty():
        run_command(lambda: work(True), "finalize", json_=json_, verbose=verbose, ahead=True)
        question = f"This drops {COLUMNS} in {{place}} for good. Type the name of their table"
        type_name(question, TABLE, schema)
        yes_drop = COLUMNS
    run_command(lambda: work(check), "finalize", json_=json_, verbose=verbose)
