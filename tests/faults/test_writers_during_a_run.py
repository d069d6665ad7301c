"""Writers during a run lose nothing, see no error and hardly wait."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.database import Database
from support.matrix import OPTIONS, WORLD
from support.proof import Parity, list_leftovers, prove
from support.writers import Sample, Writers, open_writers
from support.zygote import Zygote

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import embedded_server
from tierflow.published import SYNC_TRIGGERS

RATE = 240
BASELINE_SECONDS = 3.0
# added latency at p99, and the longest lock on a live table (docs/design.md, *Budgets*)
BUDGET_MS = 50.0
FILL = """INSERT INTO public.model_access_control (id, model_id, enabled, tier_access, tier_markup)
    SELECT gen_random_uuid(), 'm' || n, true,
        (ARRAY['["free"]', '["pro", "free"]', '[]', '["old", "team"]', '["gone"]']
        )[1 + n %% 5]::jsonb,
        (ARRAY['{"pro": 1.5}', '{"free": -1}', NULL])[1 + n %% 3]::jsonb
    FROM generate_series(1, %s) AS n"""


@dataclasses.dataclass
class Watched:
    """A database with writers, and what was seen of them."""

    database: Database
    zygote: Zygote
    writers: Writers
    quiet: list[tuple[float, float]] = dataclasses.field(default_factory=list[Any])
    busy: list[tuple[float, float]] = dataclasses.field(default_factory=list[Any])
    locks: list[dict[str, Any]] = dataclasses.field(default_factory=list[Any])

    @property
    def env(self) -> dict[str, str]:
        return {
            "TIERFLOW_DSN": self.database.dsn,
            "TIERFLOW_HOME": str(self.database.home),
            "TIERFLOW_CHUNK_MODELS": "200",
        }

    def migrate(self) -> tuple[Parity, Parity]:
        """Migrate while they write; return the parity at rest, and after a rerun.

        What they write between the publish and their rest is level only if the sync made it so.
        """
        self.writers.go()
        begun = time.time()
        wait_until(lambda: time.time() > begun + BASELINE_SECONDS)
        self.quiet.append((begun, time.time()))
        begun = time.time()
        told = self.zygote.call("migrate", *OPTIONS, env=self.env)
        self.busy.append((begun, time.time()))
        self.writers.rest()
        assert told.code == 0, told.stderr
        assert is_synced(self.database)
        self.locks.append(told.value["locks"])
        published = prove(self.database, WORLD)
        told = self.zygote.call("migrate", *OPTIONS, env=self.env)
        assert told.code == 0, told.stderr
        return published, prove(self.database, WORLD)

    def roll_back(self) -> None:
        """Roll back while they write."""
        self.writers.go()
        told = self.zygote.call("rollback", env=self.env)
        assert told.code == 0, told.stderr
        self.writers.rest()
        assert not list_leftovers(self.database)

    def judge(
        self, record: Callable[[str, object], None], where: str, *, most_ms: float, rate: int
    ) -> None:
        """Ask for no error, and no wait or lock of more than `most_ms`."""
        samples = self.writers.finish()
        quiet = [s.seconds for s in samples if is_within(s, self.quiet)]
        busy = [s.seconds for s in samples if is_within(s, self.busy)]
        seconds = sum(end - begin for begin, end in self.busy)
        held = max(self.locks, key=lambda lock: lock["longest_held_ms"])
        imposed = max(lock["longest_wait_imposed_ms"] for lock in self.locks)
        added = 1000 * (percentile(busy, 0.99) - percentile(quiet, 0.99))
        record(
            "figures",
            f"writers ({where}): {len(self.busy)} migrations, {len(samples):,} writes,"
            f" {len(busy) / seconds:.0f}/s during the runs; p99"
            f" {1000 * percentile(quiet, 0.99):.1f} ms without a run,"
            f" {1000 * percentile(busy, 0.99):.1f} ms during one; longest wait"
            f" {1000 * max(busy):.0f} ms; longest lock {held['longest_held_ms']} ms"
            f" ({held['where']}), longest wait imposed {imposed} ms;"
            f" errors {sum(s.error is not None for s in samples)},"
            f" deadlocks {sum(s.deadlocks for s in samples)}",
        )
        assert not [s.error for s in samples if s.error]
        assert len(busy) / seconds >= rate
        assert added <= most_ms
        assert held["longest_held_ms"] <= most_ms
        assert imposed <= 500


def is_synced(database: Database) -> bool:
    on = database.rows("SELECT tgname FROM pg_trigger WHERE tgenabled = 'O'")
    return set(SYNC_TRIGGERS) <= {row["tgname"] for row in on}


def is_within(sample: Sample, windows: Sequence[tuple[float, float]]) -> bool:
    return any(begin <= sample.due <= end for begin, end in windows)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def wait_until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.01)


def watch(database: Database, models: int) -> None:
    database.add_tiers(*WORLD.tiers)
    database.rows(FILL, models)
    database.rows("VACUUM ANALYZE public.model_access_control")


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_a_migration_under_writers_loses_nothing(
    database: Database, zygote: Zygote, record_property: Callable[[str, object], None]
) -> None:
    watch(database, 5_000)
    with open_writers(database.dsn, RATE) as writers:
        watched = Watched(database, zygote, writers)
        assert watched.migrate() == (Parity(0, 0, 0), Parity(0, 0, 0))
        watched.roll_back()
        # other tests have the cores at the same time: the budget is the whole run's, below
        watched.judge(record_property, "without fsync, 5,000 models", most_ms=500, rate=100)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Database]:
    """A database on disk with default durability."""
    with embedded_server(tmp_path / "durable") as server:
        with psycopg.connect(server.dsn(), autocommit=True) as session:
            session.execute("CREATE DATABASE writers")
        database = Database(server.dsn("writers"), server.bindir, tmp_path)
        with connect(database.target, "create source") as connection:
            for name in SOURCE:
                run(connection, f"demo/{name}", schema="public")
        yield database


@pytest.mark.faults
@pytest.mark.timeout(1500)
def test_twenty_migrations_under_writers_lose_nothing(
    durable: Database, zygote: Zygote, record_property: Callable[[str, object], None]
) -> None:
    watch(durable, 20_000)
    with open_writers(durable.dsn, RATE) as writers:
        watched = Watched(durable, zygote, writers)
        for _ in range(20):
            assert watched.migrate() == (Parity(0, 0, 0), Parity(0, 0, 0))
            watched.roll_back()
        watched.judge(
            record_property, "default durability, 20,000 models", most_ms=BUDGET_MS, rate=200
        )
