"""One server for each PostgreSQL version on this machine; one database for each test."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from support.database import Database, Told
from support.zygote import Zygote, open_zygote
from typer.testing import CliRunner

from sql import FOLDER
from tasks.create_demo import SOURCE
from tierflow.connection import connect, run
from tierflow.embedded import EmbeddedServer, embedded_server
from tierflow.pg_binaries import find_bindir
from tierflow.settings import Target

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "template_source"
# the files whose tests run on PostgreSQL 15 too; those of the others do so with the slow tests
BOTH_VERSIONS = ("test_published_contract.py", "test_standalone_sql.py")
# no test survives a power cut, and mmap needs no room in a small /dev/shm
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_prepared_transactions": "10",
    "dynamic_shared_memory_type": "mmap",
    "wal_level": "logical",
}
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Leave the settings of whoever runs the tests outside."""
    for name in list(os.environ):
        if name.startswith(("TIERFLOW_", "PG", "PREFECT_")) and name != "TIERFLOW_PG_BINDIR":
            del os.environ[name]
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run most tests on PostgreSQL 15 with the slow tests only: CI runs those too."""
    for item in items:
        if item.path.name not in BOTH_VERSIONS and "pg15" in item.name:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is room, else on disk."""
    shm = Path("/dev/shm")
    roomy = shm.is_dir() and shutil.disk_usage(shm).free > 2 * 2**30
    folder = Path(tempfile.mkdtemp(prefix="tierflow-test-", dir=shm if roomy else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["pg18", "pg15"])
def server(request: pytest.FixtureRequest, fast_folder: Path) -> Iterator[EmbeddedServer]:
    """The embedded PostgreSQL, then Debian's where it is installed."""
    if request.param == "pg15" and not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed in Debian's place")
    bindir = DEBIAN_15 if request.param == "pg15" else find_bindir()
    with ExitStack() as stack:
        server = stack.enter_context(
            embedded_server(fast_folder / request.param, bindir=bindir, options=FAST)
        )
        _create_template(server)
        yield server


def _create_template(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        # pytest starts the server of a version anew whenever it comes back to its tests
        there = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(there, [TEMPLATE]).fetchone() is not None:
            return
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    target = Target(dsn=server.dsn(TEMPLATE), schema="public", home=server.folder)
    with connect(target, "create template") as connection:
        for name in SOURCE:
            run(connection, f"demo/{name}", schema="public")


@pytest.fixture
def database(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """An empty source schema of this test's own, which the environment points to."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    monkeypatch.setenv("TIERFLOW_DSN", server.dsn(name))
    monkeypatch.setenv("TIERFLOW_HOME", str(tmp_path))
    yield Database(server.dsn(name), server.bindir, tmp_path)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Run commands in a process that has imported everything: about a second each."""
    with open_zygote() as opened:
        yield opened


@pytest.fixture
def tierflow() -> Callable[..., Told]:
    """Run a command in this process, with --json, and return what it told."""
    from flows.cli import app

    def call(*arguments: str) -> Told:
        result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        return Told(result.exit_code, json.loads(result.stdout or "null"), result.stderr)

    return call


@pytest.fixture
def psql(database: Database, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one of the scripts from another folder, with `-v name=value` for each keyword."""

    def call(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        path = os.path.relpath(FOLDER / f"{script}.sql", tmp_path)
        options = ["-X", "-v", "ON_ERROR_STOP=1", "-d", database.dsn, "-f", path]
        return subprocess.run(
            [database.bindir / "psql", *options, *given],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return call
