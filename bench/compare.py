"""Run each contender in turn on the same server, several rounds, and take medians."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.agreement import Source, read_source, require_agreement
from bench.contenders.by_limit import export_ready_files
from bench.figures import judge_budgets
from bench.place import Place, fresh_copy, source_database
from bench.process import measure
from bench.registry import SLOW, WHAT, command, ready_files
from bench.tierflow_runs import TierflowRun, require_outcome, run_tierflow

log = logging.getLogger("bench")

ROUNDS = 3
# above this many models the contenders that no budget needs run once, unless --rounds says more
MANY_MODELS = 200_000
ROW_BY_ROW_MODELS = 5_000


@dataclasses.dataclass(frozen=True)
class Options:
    """What to compare. `rounds` None: 3, but 1 for the slow peers at many models."""

    models: int
    names: tuple[str, ...]
    rounds: int | None = None
    all_distinct: bool = False

    def rounds_of(self, name: str) -> int:
        """Return how often a contender runs."""
        if self.rounds is None and name in SLOW and self.models > MANY_MODELS:
            return 1
        return self.rounds or ROUNDS


@dataclasses.dataclass
class Samples:
    """The figures of one contender, a value for each round."""

    models: int
    seconds: list[float] = dataclasses.field(default_factory=list[float])
    peak_mb: list[float] = dataclasses.field(default_factory=list[float])


@dataclasses.dataclass(frozen=True)
class _Database:
    name: str
    models: int
    source: Source


class Comparison:
    """The rounds of one size, and what came out of them."""

    def __init__(self, place: Place, options: Options) -> None:
        self._place = place
        self._options = options
        self._samples: dict[str, Samples] = {}
        self._runs: list[TierflowRun] = []
        self._reruns: list[TierflowRun] = []

    def run(self) -> dict[str, Any]:
        """Make the data, run all rounds, and return the result as `--json` prints it."""
        with ExitStack() as stack:
            usual = self._make(stack, "source", self._options.models)
            small = usual
            if "row_by_row" in self._options.names and usual.models > ROW_BY_ROW_MODELS:
                small = self._make(stack, "small", ROW_BY_ROW_MODELS)
            if "limit" in self._options.names:
                files = ready_files(self._place.folder)
                export_ready_files(self._place.dsn(usual.name), files)
            for number in range(max(map(self._options.rounds_of, self._options.names))):
                for name in rotate(self._options.names, number):
                    if number < self._options.rounds_of(name):
                        self._run_once(name, small if name == "row_by_row" else usual, number)
        return self._conclude(usual.source)

    def _make(self, stack: ExitStack, label: str, models: int) -> _Database:
        log.info("Making %s models.", f"{models:,}")
        name = stack.enter_context(
            source_database(self._place, label, models, all_distinct=self._options.all_distinct)
        )
        return _Database(name, models, read_source(self._place.dsn(name)))

    def _run_once(self, name: str, database: _Database, number: int) -> None:
        samples = self._samples.setdefault(name, Samples(database.models))
        with fresh_copy(self._place, database.name) as copy:
            environment = self._place.environment(copy)
            if name == "tierflow":
                measured = run_tierflow(self._place, environment)
                require_outcome(measured, "published")
                self._runs.append(measured)
            else:
                measured = measure(command(name, self._place), environment)
            require_agreement(self._place.dsn(copy), name, database.source)
            if name == "tierflow":
                self._reruns.append(run_tierflow(self._place, environment))
                require_outcome(self._reruns[-1], "unchanged")
        shutil.rmtree(Path(environment["TIERFLOW_HOME"]))
        samples.seconds.append(measured.seconds)
        samples.peak_mb.append(measured.peak_mb)
        log.info(
            "Round %s: %s took %.2f s and %.0f MB.",
            number + 1,
            name,
            measured.seconds,
            measured.peak_mb,
        )

    def _conclude(self, source: Source) -> dict[str, Any]:
        result: dict[str, Any] = {
            "models": self._options.models,
            "grants": source.grants,
            "distinct_pairs": source.distinct_pairs,
            "definitions": DEFINITIONS,
            "contenders": summarize(self._samples, self._options.models),
        }
        if self._runs:
            result["tierflow"] = {
                "back_up_seconds": _median(self._runs, "back_up_seconds"),
                "snapshot_seconds": _median(self._runs, "snapshot_seconds"),
                "rerun_seconds": _median(self._reruns, "seconds"),
                "load_and_index_seconds": _median(self._runs, "load_and_index_seconds"),
                "parity_seconds": _median(self._runs, "parity_seconds"),
                "steps": {
                    name: statistics.median(run.steps.get(name, 0.0) for run in self._runs)
                    for name in self._runs[-1].steps
                },
            }
            result["budgets"] = judge_budgets(result["contenders"], result["tierflow"])
        return result


DEFINITIONS = {
    "seconds": "median over the rounds of the client's process from start to exit; tierflow's "
    "without its step 'back up'; row_by_row's at the size in its `models`",
    "peak_mb": "median over the rounds of the highest sum, sampled every 50 ms, of the "
    "proportional memory (PSS) of the client's process tree",
    "ratio": "seconds / seconds of tierflow, when both did the same models",
    "snapshot_seconds": "filling the ledger's captured values, chunk by chunk, and their key: part "
    "of tierflow's seconds; back_up_seconds: the same values in columns of the models",
    "parity_seconds": "tierflow's step 'prove parity'",
    "load_and_index_seconds": "tierflow's steps 'load chunk' and 'build indexes'",
    "budgets": "tierflow's seconds / a contender's, and others; they are meant for 1,000,000 "
    "models on 2 cores",
}


def summarize(samples: Mapping[str, Samples], models: int) -> dict[str, dict[str, Any]]:
    """Return the medians of each contender, with its ratio to tierflow."""
    seconds = {name: statistics.median(found.seconds) for name, found in samples.items()}
    contenders: dict[str, dict[str, Any]] = {}
    for name in (name for name in WHAT if name in samples):
        found, base = samples[name], seconds.get("tierflow")
        same_size = found.models == models
        contenders[name] = {
            "seconds": seconds[name],
            "peak_mb": statistics.median(found.peak_mb),
            "ratio": seconds[name] / base if base and same_size else None,
            "what": WHAT[name],
            "models": found.models,
            "rounds": found.seconds,
        }
        if not same_size:
            guess = seconds[name] * models / found.models
            contenders[name]["seconds_extrapolated"] = guess
            contenders[name]["ratio_extrapolated"] = guess / base if base else None
    return contenders


def rotate(names: Sequence[str], by: int) -> tuple[str, ...]:
    """Return the names in an order in which another one is the first in each round."""
    start = by % len(names)
    return (*names[start:], *names[:start])


def _median(runs: Sequence[TierflowRun], attribute: str) -> float:
    return statistics.median(getattr(run, attribute) for run in runs)
