"""Killed at a random moment of the load: the next run resumes, and loads no chunk twice."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from support.database import Database
from support.matrix import OPTIONS, WORLD, Bench, read_source, wait_until_gone
from support.proof import Parity, list_leftovers, prove
from support.zygote import Command, Zygote

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)
CHUNKS = 30
POINTS = 12  # of each of the two faults
LOADED = "SELECT number, loaded FROM tierflow.chunk WHERE loaded IS NOT NULL"
TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'tierflow:%'"""


@pytest.fixture
def bench(database: Database, zygote: Zygote) -> Bench:
    bench = Bench(zygote, database, database.dsn)
    bench.renew()
    return bench


def kill_process(running: Command, _database: Database) -> None:
    os.kill(running.pid, signal.SIGKILL)


def terminate_sessions(_running: Command, database: Database) -> None:
    database.rows(TERMINATE)


def read_loaded(database: Database) -> dict[int, dt.datetime]:
    """Return when each chunk was loaded, which its load says in its own transaction."""
    there = database.value("SELECT to_regclass('tierflow.chunk') IS NOT NULL")
    return {row["number"]: row["loaded"] for row in database.rows(LOADED)} if there else {}


def wait_for_a_moment_of_the_load(database: Database, dice: random.Random) -> None:
    wanted, deadline = dice.randrange(1, CHUNKS - 2), time.monotonic() + 60
    while len(read_loaded(database)) < wanted:
        assert time.monotonic() < deadline
    while time.monotonic() < deadline and dice.random() > 0.2:
        pass  # a few microseconds more or less: inside a transaction, or between two


@pytest.mark.parametrize("fault", [kill_process, terminate_sessions])
@pytest.mark.parametrize(
    "point", [pytest.param(n, marks=[pytest.mark.faults] if n else []) for n in range(POINTS)]
)
def test_a_killed_load_resumes_without_loading_a_chunk_twice(
    bench: Bench,
    record_property: Callable[[str, object], None],
    fault: Callable[[Command, Database], None],
    point: int,
) -> None:
    dice = random.Random(f"{fault.__name__} {point}")
    env = bench.env | {"TIERFLOW_CHUNK_MODELS": "2"}
    before = read_source(bench.database)
    running = bench.zygote.start("migrate", *OPTIONS, env=env)
    wait_for_a_moment_of_the_load(bench.database, dice)
    fault(running, bench.database)
    running.wait()
    wait_until_gone(bench.database)
    kept = read_loaded(bench.database)
    assert kept
    told = bench.zygote.call("migrate", *OPTIONS, env=env)
    assert told.code == 0, told.stderr
    after = read_loaded(bench.database)
    assert kept.items() <= after.items()
    assert len(after) == CHUNKS
    assert prove(bench.database, WORLD) == Parity(0, 0, 0)
    assert not list_leftovers(bench.database)
    assert read_source(bench.database) == before
    record_property("cases", (f"{fault.__name__} at a random moment of the load", 1, 1))
