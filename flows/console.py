"""What every command does around its flow: ask, log, print, and leave with the right exit code."""

from __future__ import annotations

import gc
import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any

import typer

from tierflow.errors import ExitCode, TierflowError
from tierflow.progress import say
from tierflow.stopping import stop_on_signals

# whether this process does one command and ends: set by its entry point
ALONE = False

# the other commands are one transaction, or write nothing: they are interrupted at once
STOPS_AT_BOUNDARIES = ("migrate", "rehearse")
# these are runs of steps; what they do is shown while it is under way
RECORDED = (
    "plan", "migrate", "verify", "rollback", "restore", "finalize", "reconcile", "rehearse",
)  # fmt: skip


def import_flow(name: str, *, judges: bool) -> Callable[..., dict[str, Any]]:
    """Import a flow, with Great Expectations coming up beside it when the flow judges.

    It runs under Prefect when there is a server, else directly: without one Prefect would boot a
    server for each command, which takes 10 to 29 s.
    """
    if judges:
        from expectations import judging

        judging.start(for_one_run=ALONE and name != "rehearse")
    # nothing that is imported becomes garbage, and looking for it cost 0.4 of 1.9 s
    gc.disable()
    try:
        if not os.environ.get("PREFECT_API_URL"):
            return getattr(importlib.import_module(f"flows.{name}"), name)
        orchestrated = importlib.import_module("flows.orchestrated")
        orchestrated.require_server()
        return getattr(orchestrated, name)
    finally:
        gc.enable()


def confirm(question: str, schema: str, *, yes: bool) -> None:
    """Ask on a terminal, and leave when the answer is no; a script is not asked.

    What the question has as {place} is the database.
    """
    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm(_name_place(question, schema), err=True):
        raise typer.Exit(ExitCode.INTERRUPTED)


def _name_place(question: str, schema: str) -> str:
    from tierflow.connection import describe_place
    from tierflow.settings import read_settings

    dsn = read_settings().dsn
    place = "the embedded database"
    if dsn is not None:
        place = f"schema {schema} of {describe_place(dsn.get_secret_value())}"
    return question.replace("{place}", place)


def type_name(question: str, name: str, schema: str) -> None:
    """Have a name typed on a terminal, and leave when it is another; {place} as in `confirm`."""
    asked = _name_place(question, schema)
    if typer.prompt(asked, err=True, default="", show_default=False) != name:
        typer.echo(f"That is not {name}: nothing was changed.", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED)


def run_command(
    work: Callable[[], Any], command: str, *, json_: bool, verbose: bool, ahead: bool = False
) -> None:
    """Do the work, print its result or its error, and leave with the right exit code.

    `ahead`: what would change, before the question: printed beside it on stderr, for stdout may be
    a pipe that waits for one JSON value.
    """
    _set_up_logging(command, verbose=verbose)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot encode is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    if not os.environ.get("COLUMNS", "").strip("0"):  # rich prints nothing in 0 columns
        os.environ.pop("COLUMNS", None)
    try:
        with (
            stop_on_signals(_tell) if command in STOPS_AT_BOUNDARIES else nullcontext(),
            say(f"tierflow {command} …") if command in RECORDED else nullcontext(),
        ):
            result = work()
    except TierflowError as error:
        logging.getLogger("tierflow").debug("traceback", exc_info=True)
        _print_error(error, command, json_=json_)
        raise typer.Exit(error.exit_code) from None
    except Exception as error:  # a bug of ours, or a driver error that nobody named
        if verbose:
            raise
        typer.echo(f"tierflow failed unexpectedly: {type(error).__name__}: {error}", err=True)
        typer.echo("Next: run it again with --verbose, and report what it shows", err=True)
        raise typer.Exit(ExitCode.CHECK_FAILED) from None
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted. Run the same command again: it goes on where it stopped.", err=True
        )
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    with _printing():
        if json_ and not ahead:
            _print_json(result)
        elif result is not None:
            from flows.printing import print_result

            print_result(command, result, stderr=ahead)
    if result is not None and command == "plan" and result["needs_decision"]:
        raise typer.Exit(ExitCode.DECISION_NEEDED)


def show_ask_and_run(
    work: Callable[[bool], Any],
    command: str,
    question: str,
    schema: str,
    *,
    dry_run: bool,
    yes: bool,
    json_: bool,
    verbose: bool,
) -> None:
    """Run `work(dry_run)`; on a terminal show first what would change, and ask."""
    if not dry_run and not yes and sys.stdin.isatty():
        run_command(lambda: work(True), command, json_=json_, verbose=verbose, ahead=True)
        confirm(question, schema, yes=yes)
    run_command(lambda: work(dry_run), command, json_=json_, verbose=verbose)


def _tell(text: str) -> None:
    # os.write: a handler may interrupt a print of the same stream
    os.write(2, f"{text}\n".encode())


@contextmanager
def _printing() -> Generator[None]:
    """End with a sentence where stdout cannot be written: a full disk, a reader that has gone."""
    try:
        yield
    except OSError as error:
        # what is buffered would fail once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        typer.echo(
            f"The result could not be printed ({error.strerror}). What was done is done:"
            " `tierflow runs` has it.",
            err=True,
        )
        raise typer.Exit(ExitCode.CHECK_FAILED) from None


def _print_error(error: TierflowError, command: str, *, json_: bool) -> None:
    with _printing():
        if json_:
            shown = {
                "message": error.message,
                "next": error.next_step,
                "exit_code": error.exit_code,
            }
            _print_json({**(error.result or {"outcome": "failed"}), "error": shown})
        elif error.result:
            from flows.printing import print_result

            print_result(command, error.result)
    typer.echo(f"{error.message}\nNext: {error.next_step}", err=True)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))


def _set_up_logging(command: str, *, verbose: bool) -> None:
    """Log to stderr: by Prefect where it orchestrates (it reads these when it is imported)."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    logger = logging.getLogger("tierflow")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    if command in ("demo", "serve") or os.environ.get("PREFECT_API_URL"):
        os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "tierflow")
        os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
        if not verbose:
            # what a served run says is on its page; its output would come here as well
            level = "CRITICAL" if command == "serve" else "WARNING"
            os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", level)
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.DEBUG if verbose else logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    logger.handlers, logger.propagate = [handler], False
