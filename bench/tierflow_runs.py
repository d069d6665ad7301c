"""tierflow as a contender: a command line, judged by its exit and by the steps that it reports."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import psycopg

from bench.place import Place
from bench.process import BenchError, measure
from bench.registry import command
from bench.statements import bench_statement

BACK_UP = "back up"
LOAD_AND_INDEX = ("load chunk", "build indexes")
PARITY = "prove parity"


@dataclasses.dataclass(frozen=True)
class TierflowRun:
    """One `tierflow migrate`: the whole process took `seconds` + `back_up_seconds`."""

    seconds: float
    back_up_seconds: float
    snapshot_seconds: float
    peak_mb: float
    steps: Mapping[str, float]
    outcome: str
    grants: int

    @property
    def load_and_index_seconds(self) -> float:
        """Return the seconds of the steps that load the grants and build the indexes."""
        return sum(self.steps[name] for name in LOAD_AND_INDEX)

    @property
    def parity_seconds(self) -> float:
        """Return the seconds of the parity proof."""
        return self.steps[PARITY]


def run_tierflow(place: Place, environment: Mapping[str, str]) -> TierflowRun:
    """Run `tierflow migrate` from the start of its process to its exit, and read its steps."""
    measured = measure(command("tierflow", place), environment)
    with psycopg.connect(environment["TIERFLOW_DSN"]) as connection:
        found = connection.execute(bench_statement("read_snapshot_seconds")).fetchone()
    told: dict[str, Any] = json.loads(measured.stdout)
    steps: dict[str, float] = {}
    for step in told["steps"]:
        steps[step["name"]] = steps.get(step["name"], 0.0) + float(step["seconds"])
    back_up = steps.get(BACK_UP, 0.0)
    return TierflowRun(
        seconds=measured.seconds - back_up,
        back_up_seconds=back_up,
        snapshot_seconds=float(found[0]) if found else 0.0,
        peak_mb=measured.peak_mb,
        steps=steps,
        outcome=str(told["outcome"]),
        grants=int(told["grants"] or 0),
    )


def require_outcome(run: TierflowRun, outcome: str) -> None:
    """Raise BenchError when the run did not do what its place in the bench needs."""
    if run.outcome != outcome:
        raise BenchError(f"tierflow migrate was {run.outcome!r} where {outcome!r} was due.")
