"""The command line: one application, its commands in `flows/commands/`."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from flows import console
from flows.commands import checking, going_back, moving, reporting, serving, trusting
from tierflow import __version__

app = typer.Typer(
    name="tierflow",
    help="Move JSONB access data into a junction table on a live PostgreSQL database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# in the order in which `--help` lists them
COMMANDS = (
    moving.demo,
    moving.plan,
    moving.migrate,
    checking.verify,
    going_back.rollback,
    going_back.restore,
    going_back.finalize,
    checking.reconcile,
    moving.rehearse,
    checking.runs,
    reporting.report,
    trusting.grants,
    trusting.forget,
    serving.serve,
)
for command in COMMANDS:
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tierflow {__version__}")
        raise typer.Exit


@app.callback()
def _take_common_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Take what stands before a command."""


def main() -> None:
    """Run the command line, one command in this process."""
    console.ALONE = True
    try:
        app()
    finally:
        # the collector would search all of Prefect and pandas once more at exit: 0.4 s of nothing
        gc.freeze()


if __name__ == "__main__":
    main()
