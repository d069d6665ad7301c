"""How long runs took over time, and whether the last one took longer than usual."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tierflow.connection import connect, fetch
from tierflow.settings import Target

# below three runs there is no usual; half as long again, and more than a second, is no noise
FEWEST = 3
FACTOR = 1.5
MARGIN_SECONDS = 1.0

Past = tuple[str, float]
"""When a run began (ISO 8601), and its seconds."""


def read_history(target: Target, mode: str, outcome: str) -> list[Past]:
    """Return the runs of this mode and outcome that the ledger holds, the oldest first."""
    with connect(target, "history", read_only=True) as connection:
        rows = fetch(
            connection, "queries/list_durations", ledger=target.ledger, mode=mode, outcome=outcome
        )
    return [(row["started"].isoformat(), float(row["seconds"])) for row in rows]


def describe_regression(seconds: float, past: Sequence[float]) -> str | None:
    """Say by how much a run took longer than the median of those before it, if it did."""
    if len(past) < FEWEST:
        return None
    usual = statistics.median(past)
    if seconds <= usual * FACTOR or seconds - usual <= MARGIN_SECONDS:
        return None
    return (
        f"{seconds:.1f} s is {seconds / usual:.1f} times the usual {usual:.1f} s"
        f" (median of {len(past)} runs)"
    )


def flag_regressions(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the runs, newest first as they came, each with `regression` (a sentence, or None)."""
    flagged: list[dict[str, Any]] = []
    for number, run in enumerate(runs):
        past = [
            earlier["seconds"]
            for earlier in runs[number + 1 :]
            if (earlier["mode"], earlier["outcome"]) == (run["mode"], run["outcome"])
            and earlier["seconds"] is not None
        ]
        seconds = run["seconds"]
        found = None if seconds is None else describe_regression(seconds, past)
        flagged.append({**run, "regression": found})
    return flagged
