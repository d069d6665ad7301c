"""Commands that hand over what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.options import Json, Schema, Verbose
from flows.console import run_command


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run, the beginning of one, or latest.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="The zip; default tierflow-evidence-RUN.zip.")
    ] = None,
    schema: Schema = "public",
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Pack the evidence of a run into one zip that an auditor can keep. Changes nothing."""

    def work() -> dict[str, Any]:
        from flows.pack_evidence import pack_evidence
        from flows.target import open_target

        with open_target(schema, judges=False) as target:
            return pack_evidence(target, run, output)

    run_command(work, "report", json_=json_, verbose=verbose)
