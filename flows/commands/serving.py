"""Commands that serve pages."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.options import Verbose
from flows.console import run_command


def serve(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the Prefect UI and API.")
    ] = 4200,
    files_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the reports and data docs; 0: any.")
    ] = 4280,
    verbose: Verbose = False,
) -> None:
    """Serve Prefect's UI with the deployments, the reports and data docs, until Ctrl-C."""

    def work() -> None:
        from flows.serve import serve_all

        serve_all(port, files_port)

    run_command(work, "serve", json_=False, verbose=verbose)
