"""A standby that falls behind makes the run rest until it has caught up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from support.database import Database
from support.matrix import OPTIONS, WORLD, fill
from support.proof import Parity, prove
from support.zygote import Zygote

from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.pg_binaries import choose_launcher, find_bindir

FAST = {"fsync": "off", "shared_buffers": "32MB"}
SOURCE_DATABASE = "replicated"
LIMIT_SECONDS = 0.3
LAG = "SELECT coalesce(extract(EPOCH FROM max(replay_lag)), 0) FROM pg_stat_replication"


@pytest.fixture
def primary(fast_folder: Path) -> Iterator[EmbeddedServer]:
    with embedded_server(fast_folder / "primary", bindir=find_bindir(), options=FAST) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {SOURCE_DATABASE}")
        yield server


@pytest.fixture
def standby(primary: EmbeddedServer, fast_folder: Path) -> Iterator[EmbeddedServer]:
    folder = fast_folder / "standby"
    folder.mkdir()
    data = folder / "data"
    program = str(primary.bindir / "pg_basebackup")
    subprocess.run(
        [program, "-d", primary.dsn(), "-D", str(data), "-R", "-X", "stream", "-c", "fast"],
        check=True,
    )
    launcher = choose_launcher(primary.bindir, folder)
    if launcher.uid is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, launcher.uid, launcher.uid)
    with embedded_server(folder, bindir=primary.bindir, options=FAST) as server:
        yield server


def let_it_fall_behind(database: Database) -> None:
    deadline = time.monotonic() + 30
    while database.value(LAG) < 2 * LIMIT_SECONDS:
        assert time.monotonic() < deadline
        database.rows("UPDATE public.subscription_tiers SET sort_order = sort_order")


def test_the_load_rests_until_the_standby_has_caught_up(
    primary: EmbeddedServer, standby: EmbeddedServer, zygote: Zygote, tmp_path: Path
) -> None:
    database = Database(primary.dsn(SOURCE_DATABASE), primary.bindir, tmp_path)
    with connect(database.target, "create source") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema="public")
    fill(database)
    with psycopg.connect(standby.dsn(), autocommit=True) as replay:
        replay.execute("SELECT pg_wal_replay_pause()")
        let_it_fall_behind(database)
        env = {
            "TIERFLOW_DSN": database.dsn,
            "TIERFLOW_HOME": str(tmp_path),
            "TIERFLOW_MAX_REPLICATION_LAG": str(LIMIT_SECONDS),
        }
        running = zygote.start("migrate", *OPTIONS, env=env)
        deadline = time.monotonic() + 60
        while "Resting after 0 s: standby walreceiver is behind" not in running.err.read_text():
            assert time.monotonic() < deadline
        assert database.value("SELECT to_regclass('public.tier_model_access') IS NULL")
        replay.execute("SELECT pg_wal_replay_resume()")
        told = running.wait()
    assert (told.code, told.value["outcome"]) == (0, "published"), told.stderr
    assert prove(database, WORLD) == Parity(0, 0, 0)
    copied = Database(standby.dsn(SOURCE_DATABASE), standby.bindir, tmp_path)
    deadline = time.monotonic() + 30
    while copied.value("SELECT to_regclass('public.tier_model_access') IS NULL"):
        assert time.monotonic() < deadline
    assert copied.grants() == database.grants()
