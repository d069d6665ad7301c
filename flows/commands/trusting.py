"""Commands about who may do what, and what is kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.commands.options import Json, Schema, Verbose
from flows.console import run_command


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
