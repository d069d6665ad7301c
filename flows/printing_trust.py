"""What `grants` and `forget` show on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console


def print_grants(console: Console, commands: Sequence[Mapping[str, Any]]) -> None:
    """Print a script for psql; what the role has, or cannot be given yet, as comments."""
    for command in commands:
        console.out(f"-- {command['command']}, as {command['role']}: {command['why']}")
        for grant in command["grants"]:
            head = "-- has: " if grant["held"] else "" if grant["there"] else "-- when it exists: "
            console.out(f"{head}{grant['statement']};")
        console.out("")
