"""How long one question of an application takes after the migration, beside the JSONB before."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import time
from collections.abc import Iterator
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.sql import Composed

from bench.place import Place
from bench.statements import bench_statement

CALLS = 1000
# a list of half a million models takes seconds, one of five million half a minute: there are fewer
# calls of them, and `calls` says how many
LONGEST_SECONDS = 60.0
FEWEST_CALLS = 5
QUESTIONS = {
    "is_model_available_for_tier": "call_is_model_available",
    "tier_access ? code, by id": "call_is_model_available_before",
    "get_models_for_tier": "call_models_for_tier",
    "tier_access @> code, by the GIN index": "call_models_for_tier_before",
}


@dataclasses.dataclass(frozen=True)
class Latency:
    """Percentiles of one question, in milliseconds."""

    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def measure_latencies(place: Place, database: str, models: int) -> dict[str, dict[str, Any]]:
    """Ask each question of a migrated database with random arguments, on one connection.

    The statement is prepared, the time is that of sending it and receiving all its rows.
    """
    with psycopg.connect(place.dsn(database), autocommit=True) as connection:
        # what autovacuum does in the hours after a migration
        connection.execute("VACUUM (ANALYZE) public.model_access_control")
        connection.execute("VACUUM (ANALYZE) public.tier_model_access")
        connection.execute("CHECKPOINT")
        codes = [
            str(code)
            for (code,) in connection.execute("SELECT tier_code FROM public.subscription_tiers")
        ]
        return {
            name: dataclasses.asdict(
                time_calls(connection, bench_statement(statement), _arguments(models, codes))
            )
            for name, statement in QUESTIONS.items()
        }


def _arguments(models: int, codes: list[str]) -> Iterator[dict[str, Any]]:
    """Yield arguments without end, the same in each run."""
    chance = random.Random(models)
    while True:
        # as sql/fill_models.sql makes the ids
        digest = hashlib.md5(f"model {chance.randint(1, models)}".encode(), usedforsecurity=False)
        yield {"model_id": UUID(digest.hexdigest()), "code": chance.choice(codes)}


def time_calls(
    connection: psycopg.Connection[Any],
    query: LiteralString | Composed,
    arguments: Iterator[dict[str, Any]],
    *,
    calls: int = CALLS,
    longest_seconds: float = LONGEST_SECONDS,
) -> Latency:
    """Run a prepared statement so often, or until the seconds are over, and return percentiles."""
    for _ in range(6):  # the server settles on a plan after five calls
        connection.execute(query, next(arguments), prepare=True)
    samples: list[float] = []
    started = time.perf_counter()
    while len(samples) < calls and (
        len(samples) < FEWEST_CALLS or time.perf_counter() - started < longest_seconds
    ):
        values = next(arguments)
        before = time.perf_counter()
        connection.execute(query, values, prepare=True)
        samples.append(1000 * (time.perf_counter() - before))
    samples.sort()
    p50, p95, p99 = (_percentile(samples, share) for share in (0.50, 0.95, 0.99))
    return Latency(len(samples), p50, p95, p99)


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
