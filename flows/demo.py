"""The demo: a real catalogue of models moves from JSONB to the junction table, under Prefect."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import Any

from rich.console import Console

from expectations import judging
from flows.local_server import await_server, prefect_server
from flows.printing import print_result
from flows.target import EMBEDDED_DATABASE, demo_targets
from tierflow.demo.dataset import DEMO_TIER_MAP
from tierflow.settings import read_settings


def run_demo(*, quiet: bool) -> dict[str, Any]:
    """Create the demo's database afresh, show the plan stop, then migrate with the tier map.

    `quiet` leaves stdout to the caller. Returns what `migrate --json` prints.
    """
    console = Console(quiet=quiet, highlight=False)
    settings = read_settings()
    home = settings.home.absolute() / "prefect"
    judging.start()
    with prefect_server(home, keep_days=settings.keep_flow_runs) as url, _without_dsn():
        from flows import orchestrated, plan
        from tasks.create_demo import create_demo

        with demo_targets() as (server, target):
            models = create_demo.fn(server, target, EMBEDDED_DATABASE)
            _say(console, f"1. {models} real models are in a PostgreSQL, their access in JSONB.")
            _say(console, "2. tierflow plan: what would a migration do?")
            planned = plan.plan()
            if not quiet:
                print_result("plan", planned)
            _say(
                console,
                "3. The codes of the JSONB are not those of the tiers, so nothing runs until a"
                " person says what they mean. Once in production this was a warning, and 0 rows.",
            )
            tier_map = {code: list(tiers) for code, tiers in DEMO_TIER_MAP.items()}
            options = [f"--tier-map {code}={','.join(tiers)}" for code, tiers in tier_map.items()]
            options.append("--backup-columns")  # so that the captured values are seen
            _say(console, f"4. tierflow migrate {' '.join(options)}")
            await_server(url, home)
            result = orchestrated.migrate(tier_map=tier_map, backup_columns=True)
    if not quiet:
        print_result("migrate", result)
        _say_what_next(console)
    return result


@contextlib.contextmanager
def _without_dsn() -> Generator[None]:
    """The demo drops and creates a database: never on the server that TIERFLOW_DSN means."""
    dsn = os.environ.pop("TIERFLOW_DSN", None)
    try:
        yield
    finally:
        if dsn is not None:
            os.environ["TIERFLOW_DSN"] = dsn


def _say(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]\n", soft_wrap=True)


def _say_what_next(console: Console) -> None:
    console.print(
        "\n[bold]Try next[/bold] (the migrated database stays in the embedded PostgreSQL):"
    )
    for command, what in (
        ("verify --detailed", "the eight checks, by tier and provider"),
        ("migrate", "a second run: unchanged, 0 rows written"),
        ("runs", "the ledger: every run with its steps"),
        ("rollback", "back to JSONB, later changes kept"),
    ):
        console.print(f"  ./run tierflow {command:<20} {what}")
