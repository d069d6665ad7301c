"""Serve: Prefect's UI with the deployments, the reports and the data docs, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from flows.files_server import files_server
from flows.local_server import await_server, prefect_server
from flows.target import EMBEDDED_DATABASE, demo_targets
from tierflow.errors import TransientError
from tierflow.settings import Settings, Target, read_settings

if TYPE_CHECKING:
    from prefect.runner import Runner

STOPPING = (signal.SIGINT, signal.SIGTERM)


def serve_all(port: int, files_port: int) -> None:
    """Run the Prefect server (or join that of PREFECT_API_URL) and serve until told to stop."""
    settings = read_settings()
    home = settings.home.absolute()
    os.environ["TIERFLOW_HOME"] = str(home)
    # of another's server we know its root only; ours shows Prefect's V2
    pages = "" if os.environ.get("PREFECT_API_URL") else "/v2"
    with contextlib.ExitStack() as stack:
        stack.enter_context(_sigterm_as_interrupt())
        if settings.dsn is not None:
            _require_own_sessions(settings.dsn.get_secret_value(), home)
        files_url = stack.enter_context(files_server(home, files_port))
        os.environ["TIERFLOW_FILES_URL"] = files_url
        url = stack.enter_context(
            prefect_server(home / "prefect", port, keep_days=settings.keep_flow_runs)
        )
        if settings.dsn is None:
            stack.enter_context(_embedded_database())
        from flows.deployments import make_deployments  # Prefect reads its settings when imported

        deployments = make_deployments()
        await_server(url, home / "prefect")
        saved = _save_default(settings)

        from prefect.runner import Runner

        # who presses Run waits for the next look: Prefect's own is up to 10 s away
        runner = Runner(name="tierflow", query_seconds=1)
        for deployment in deployments:
            runner.add_deployment(deployment)
        _say(url.removesuffix("/api") + pages, files_url, [d.full_name for d in deployments], saved)
        asyncio.run(_run_until_told(runner))


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Generator[None]:
    """Until the runner listens by itself, SIGTERM ends this process as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _embedded_database() -> Generator[None]:
    """Hold the embedded PostgreSQL, with the demo's catalogue if it has no database yet."""
    from tasks.create_demo import create_demo
    from tierflow.connection import connect, fetch

    with demo_targets() as (server, target):
        with connect(server, "serve", read_only=True) as connection:
            found = fetch(connection, "demo/has_database", database=EMBEDDED_DATABASE)
        if not found[0]["there"]:
            create_demo.fn(server, target, EMBEDDED_DATABASE)
        yield


def _require_own_sessions(dsn: str, home: Path) -> None:
    """Raise ConfigurationError where every run would: wrong settings, sessions handed on."""
    from tierflow.connection import require_sessions

    # a server that is down may be up when somebody presses Run
    with contextlib.suppress(TransientError):
        require_sessions(Target(dsn=dsn, schema="public", home=home))


def _save_default(settings: Settings) -> str:
    from flows.saved_connection import DEFAULT_NAME, save_default_connection

    if save_default_connection(settings.dsn):
        return f"'{DEFAULT_NAME}' is the database of " + (
            "TIERFLOW_DSN" if settings.dsn is not None else "the embedded PostgreSQL"
        )
    return (
        f"[yellow]'{DEFAULT_NAME}' was saved before and means another database than this start;"
        " it is kept: change or delete it under Blocks[/yellow]"
    )


def _say(url: str, files_url: str, deployments: list[str], saved: str) -> None:
    console = Console(highlight=False)
    console.print("\n[bold]tierflow is served[/bold]; Ctrl-C stops all of it\n")
    for what, where in (
        ("Run and watch", f"{url}/deployments"),
        ("Runs and artifacts", f"{url}/runs"),
        ("Databases", f"{url}/blocks"),
        ("Reports, data docs", files_url),
    ):
        console.print(f"  {what:<20} [link={where}]{where}[/link]", soft_wrap=True)
    console.print(f"  {'Deployments':<20} {', '.join(deployments)}", soft_wrap=True)
    console.print(f"  {'Saved connection':<20} {saved}\n", soft_wrap=True)


async def _run_until_told(runner: Runner) -> None:
    """Run the runner until SIGINT or SIGTERM; what still runs then is cancelled, and resumable."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    running = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # start() sets a handler of its own, which would exit at once
    for number in STOPPING:
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if told.is_set():
        Console(stderr=True).print("Stopping; runs under way are cancelled.")
        await runner.astop()
    await running
