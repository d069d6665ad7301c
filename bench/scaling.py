"""How tierflow grows with the models: seconds, memory, grants a second, and latencies."""

from __future__ import annotations

import logging
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.agreement import read_source, require_agreement
from bench.compare import MANY_MODELS, ROUNDS
from bench.latency import measure_latencies
from bench.place import Place, fresh_copy, source_database
from bench.tierflow_runs import TierflowRun, require_outcome, run_tierflow

log = logging.getLogger("bench")

SIZES = (10_000, 100_000, 1_000_000)
START_UP_MODELS = 100
START_UP_ROUNDS = 5
# below this share of the start-up cost the work of a size is noise, and stays out of the fit
LEAST_WORK = 0.10
DEFINITIONS = {
    "seconds": "median over the rounds of the process of tierflow migrate from start to exit, "
    "without its step 'back up'",
    "start_up_seconds": f"the same at {START_UP_MODELS} models, in {START_UP_ROUNDS} rounds "
    "unless --rounds says otherwise",
    "exponent": "slope of log(seconds - start_up_seconds) over log(grants), least squares, over "
    f"the sizes at which that work is more than {LEAST_WORK:.0%} of start_up_seconds; 1 is linear",
    "latencies": "milliseconds to send one prepared statement with random arguments and receive "
    "all its rows, on one connection, after VACUUM; `calls` says how many",
}


def measure_scaling(
    place: Place, sizes: Sequence[int], rounds: int | None, *, all_distinct: bool
) -> dict[str, Any]:
    """Migrate at each size and return the series with its exponent."""
    start_up = _measure_size(
        place, START_UP_MODELS, rounds or START_UP_ROUNDS, all_distinct=all_distinct, ask=False
    )["seconds"]
    series = [
        _measure_size(place, size, rounds or _rounds_of(size), all_distinct=all_distinct, ask=True)
        for size in sorted(sizes)
    ]
    return {
        "definitions": DEFINITIONS,
        "start_up_seconds": start_up,
        "exponent": fit_exponent(series, start_up),
        "sizes": series,
    }


def fit_exponent(series: Sequence[Mapping[str, Any]], start_up: float) -> float | None:
    """Return the slope of the work over the grants, both as logarithms; None below two sizes."""
    points = [
        (math.log(size["grants"]), math.log(size["seconds"] - start_up))
        for size in series
        if size["seconds"] - start_up > LEAST_WORK * start_up
    ]
    if len(points) < 2:
        return None
    grants, work = zip(*points, strict=True)
    return statistics.linear_regression(grants, work).slope


def _rounds_of(models: int) -> int:
    return ROUNDS if models <= MANY_MODELS else 1


def _measure_size(
    place: Place, models: int, rounds: int, *, all_distinct: bool, ask: bool
) -> dict[str, Any]:
    log.info("Making %s models.", f"{models:,}")
    runs: list[TierflowRun] = []
    latencies: dict[str, dict[str, Any]] = {}
    with source_database(place, "source", models, all_distinct=all_distinct) as source:
        there = read_source(place.dsn(source))
        for number in range(rounds):
            with fresh_copy(place, source) as copy:
                runs.append(run_tierflow(place, place.environment(copy)))
                require_outcome(runs[-1], "published")
                require_agreement(place.dsn(copy), "tierflow", there)
                done = runs[-1]
                log.info("Round %s: %.2f s, %.0f MB.", number + 1, done.seconds, done.peak_mb)
                if ask and number == rounds - 1:
                    latencies = measure_latencies(place, copy, models)
    seconds = statistics.median(run.seconds for run in runs)
    return {
        "models": models,
        "grants": there.grants,
        "seconds": seconds,
        "peak_mb": statistics.median(run.peak_mb for run in runs),
        "grants_per_second": there.grants / seconds,
        "back_up_seconds": statistics.median(run.back_up_seconds for run in runs),
        "rounds": [run.seconds for run in runs],
        "latencies": latencies,
    }
