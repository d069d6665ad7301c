"""Commands that take the migration back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.commands.options import Json, Schema, Verbose, Yes
from flows.console import call, confirm, import_flow, run_command


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
