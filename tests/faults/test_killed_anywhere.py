"""Killed anywhere: nothing is published or everything is, and the next run finishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support.database import Database
from support.matrix import Bench, Unreached
from support.proxy import open_proxy
from support.zygote import Zygote

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.pg_binaries import find_bindir

Record = Callable[[str, object], None]
SHARDS = 4
NAMES = {
    "kill": "SIGKILL of the process",
    "interrupt": "SIGTERM of the process",
    "terminate": "all its sessions terminated",
    "terminate_one": "its working session terminated",
    "time_out": "statement timeout",
    "drop": "connections dropped by a proxy",
    "kill_server": "SIGKILL of the server",
}


def try_all(
    bench: Bench,
    record: Record,
    do: str,
    when: str,
    wanted: Callable[[int, str], bool],
) -> None:
    """Try the fault at every boundary that is wanted, and fail with all that went wrong."""
    boundaries = enumerate(bench.list_boundaries(), start=1)
    cases = [boundary for at, boundary in boundaries if wanted(at, boundary[0])]
    try_cases(bench, record, do, when, cases)


def try_cases(
    bench: Bench, record: Record, do: str, when: str, cases: Sequence[tuple[str, int]]
) -> None:
    problems, unreached = dict[str, str](), list[str]()
    for label, nth in cases:
        try:
            problem = bench.try_case(do, label, nth, when)
        except Unreached:
            unreached.append(f"{label} ({nth})")
            continue
        if problem is not None:
            problems[f"{label} ({nth})"] = problem
    of = "" if bench.command == ("migrate",) else " of a dry run"
    tried = len(cases) - len(unreached)
    record("cases", (f"{NAMES[do]}{of}, {when}", tried, tried - len(problems)))
    assert not problems
    assert [label for label in unreached if not label.startswith(VARYING)] == []
    assert tried


@pytest.fixture
def bench(database: Database, zygote: Zygote) -> Bench:
    return Bench(zygote, database, database.dsn)


# how many batches there are depends on the time that they take
VARYING = ("catch up: ", "back up: ")
# one boundary of each kind, in the default run
QUICK = (
    ("kill", "before", "publish: commit", 1),
    ("kill", "after", "back up: commit", 2),
    ("terminate", "after", "load chunk 2: commit", 1),
    ("terminate_one", "before", "publish: commit", 1),
)


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
@pytest.mark.parametrize(("do", "when", "label", "nth"), QUICK)
def test_a_run_that_meets_a_fault_is_finished_by_the_next(
    bench: Bench, record_property: Record, do: str, when: str, label: str, nth: int
) -> None:
    try_cases(bench, record_property, do, when, [(label, nth)])


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize(
    ("do", "when"),
    [
        ("kill", "before"), ("kill", "after"), ("terminate", "before"), ("terminate", "after"),
        ("terminate_one", "before"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_every_boundary_may_be_the_last(
    bench: Bench, record_property: Record, do: str, when: str, shard: int
) -> None:
    try_all(bench, record_property, do, when, lambda at, _: at % SHARDS == shard)


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("do", ["interrupt", "time_out"])
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_every_boundary_may_be_where_it_is_stopped(
    bench: Bench, record_property: Record, do: str
) -> None:
    try_all(bench, record_property, do, "before", lambda _at, _label: True)


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("server", ["pg15"], indirect=True)
def test_every_boundary_may_be_the_last_on_postgresql_15(
    bench: Bench, record_property: Record
) -> None:
    try_all(bench, record_property, "kill", "before", lambda _at, _label: True)


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_killed_dry_run_is_cleared_away_by_the_next_run(
    bench: Bench, record_property: Record, when: str
) -> None:
    bench.command = ("migrate", "--dry-run")
    try_all(bench, record_property, "kill", when, lambda _at, _label: True)


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_dropped_connection_harms_nothing(
    bench: Bench, server: EmbeddedServer, record_property: Record
) -> None:
    with open_proxy(server.socket_dir / ".s.PGSQL.5432") as proxy:
        bench.dsn_of_runs = make_conninfo(
            bench.database.dsn, host="127.0.0.1", hostaddr="127.0.0.1", port=str(proxy.port)
        )
        bench.spec = {"control": proxy.control}
        try_all(bench, record_property, "drop", "before", lambda _at, _label: True)


class Durable:
    """A server with default durability, on disk, that can be started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self.server = self.start()

    def start(self) -> EmbeddedServer:
        self.stack.close()
        self.server = self.stack.enter_context(embedded_server(self.folder, bindir=find_bindir()))
        return self.server

    def heal(self) -> dict[str, Any]:
        """Start the server when it was killed; return what a fault must know of it."""
        try:
            psycopg.connect(self.server.dsn()).close()
        except psycopg.OperationalError:
            self.start()
        return {"server": self.server.pid}


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Durable]:
    durable = Durable(tmp_path / "durable")
    with psycopg.connect(durable.server.dsn(), autocommit=True) as session:
        session.execute("CREATE DATABASE faults")
    database = Database(durable.server.dsn("faults"), durable.server.bindir, tmp_path)
    with connect(database.target, "create source") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema="public")
    yield durable
    durable.stack.close()


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_server_recovers_to_a_boundary(
    durable: Durable, zygote: Zygote, record_property: Record, tmp_path: Path, when: str
) -> None:
    dsn = durable.server.dsn("faults")
    bench = Bench(zygote, Database(dsn, durable.server.bindir, tmp_path), dsn)
    bench.spec, bench.heal = durable.heal(), durable.heal
    try_all(
        bench, record_property, "kill_server", when,
        lambda _, label: label.startswith(("load chunk", "catch up", "back up", "publish")),
    )  # fmt: skip
