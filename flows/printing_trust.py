"""What `grants` and `forget` show on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

ROWS_SHOWN = 20


def print_grants(console: Console, commands: Sequence[Mapping[str, Any]]) -> None:
    """Print a script for psql; what the role has, or cannot be given yet, as comments."""
    for command in commands:
        _comment(console, f"{command['command']}, as {command['role']}: {command['why']}")
        for grant in command["grants"]:
            statement = f"{grant['statement']};"
            if grant["held"]:
                _comment(console, f"has: {statement}")
            elif not grant["there"]:
                _comment(console, f"when it exists: {statement}")
            else:
                console.out(statement)
        console.out("")


def _comment(console: Console, text: str) -> None:
    """Print one line: a name may hold line breaks, and what follows one would be executed."""
    console.out("-- " + " ".join(text.splitlines()))


def print_forgotten(console: Console, result: Mapping[str, Any]) -> None:
    """Print each run that was deleted, or would be."""
    runs, reports = result["runs"], len(result["reports"])
    for run in runs[:ROWS_SHOWN]:
        console.out(f"{run['started']:%Y-%m-%d %H:%M:%S} {run['mode']}: {run['outcome']}")
    if len(runs) > ROWS_SHOWN:
        console.out(f"… and {len(runs) - ROWS_SHOWN} more: see --json")
    done = "would go" if result["outcome"] == "dry_run" else "are deleted"
    console.out(
        f"{len(runs)} runs older than {result['older_than']} days and {reports} reports {done}"
    )
