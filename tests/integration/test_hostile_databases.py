"""Any database at all: nothing of it is lost, nothing is guessed, and the way back gives it again.

What must come out is said by the oracle (tests/support/oracle.py), which shares no code with ours.
"""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from support.database import Database
from support.hostile import Whole, wholes
from support.lives import Bench
from support.oracle import World
from support.zygote import Zygote

QUIET = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large,
         HealthCheck.large_base_example)  # fmt: skip


@pytest.fixture
def bench(database: Database, zygote: Zygote) -> Bench:
    return Bench(database, zygote)


def test_any_database_is_migrated_as_the_oracle_says(bench: Bench) -> None:
    prove_any(bench, examples=3, derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_many_databases_are_migrated_as_the_oracle_says(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    prove_any(bench, examples=60, derandomize=False)
    with capsys.disabled():
        said = ", ".join(f"{count} {what}" for what, count in bench.counted.items())
        sys.stdout.write(f"\nhostile databases: {said}; lost 0\n")


def prove_any(bench: Bench, *, examples: int, derandomize: bool) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=QUIET,
    )
    @given(wholes())
    def prove(whole: Whole) -> None:
        bench.prove(whole)

    prove()


LARGE: dict[str, tuple[str | None, str | None]] = {
    "an array of a megabyte": (json.dumps([f"unknown {n}" for n in range(60_000)]), None),
    "10,000 codes that are one tier": (json.dumps(["free"] * 10_000), '{"free": 1.5}'),
    "10,000 codes with markups": (
        json.dumps([f"c{n}" for n in range(10_000)]),
        json.dumps({f"c{n}": n / 100 for n in range(10_000)}),
    ),
    "codes of 10,000 characters": (json.dumps(["x" * 10_000, "y" * 10_000]), None),
    "3,000 levels": ("[" * 3000 + '"free"' + "]" * 3000, '{"free": ' * 3000 + "1" + "}" * 3000),
}


@pytest.mark.slow
def test_large_values_are_migrated_as_the_oracle_says(bench: Bench) -> None:
    mapped = {f"c{n}": ["free"] for n in range(0, 10_000, 1000)} | {"x" * 10_000: ["pro"]}
    world = World(tiers=("free", "pro"), tier_map=mapped, conflict="highest", inexact="round")
    bench.prove(Whole(world, [(name, *pair) for name, pair in LARGE.items()]))
