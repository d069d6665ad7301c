"""A canary for a password: it is in nothing that is written, said, or shown by the system.

The server asks for it (SCRAM), so that a run that ends well has used it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.database import Database
from typer.testing import CliRunner

from flows.cli import app
from tierflow.embedded import EmbeddedServer, embedded_server

CANARY = "c4nary-Pa55 w/rd"
# as it is, as a URL has it, and as a careless program might have it
FORMS = (CANARY, quote(CANARY, safe=""), quote(CANARY), "c4nary")
HBA = "local all canary scram-sha-256\nlocal all all trust\n"
WAYS = ("URL", "conninfo", "PGPASSWORD", "pgpass")


@pytest.fixture(scope="module")
def guarded(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The conninfo, without the password, of a server of its own that asks for one."""
    folder = server.folder.parent / f"{server.folder.name}-guarded"
    hba = tmp_path_factory.mktemp("hba") / "pg_hba.conf"
    hba.write_text(HBA)
    for path in (hba, *hba.parents[:3]):
        path.chmod(0o755)
    options = {"hba_file": str(hba), "fsync": "off", "dynamic_shared_memory_type": "mmap"}
    with embedded_server(folder, bindir=server.bindir, options=options) as own:
        admin = Database(own.dsn(), own.bindir, folder)
        admin.rows(f"""SET password_encryption = 'scram-sha-256';
                       CREATE ROLE canary LOGIN SUPERUSER PASSWORD '{CANARY}'""")
        yield make_conninfo(own.dsn(), user="canary")


@dataclasses.dataclass
class Watch:
    """What `ps` could show while the watch lasts: the command line of every process."""

    seen: set[bytes] = dataclasses.field(default_factory=set[bytes])
    over: threading.Event = dataclasses.field(default_factory=threading.Event)
    thread: threading.Thread = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Look no more, from now on."""
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(0.005):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    self.seen.add((process / "cmdline").read_bytes())


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.end()


@pytest.fixture(params=[WAYS[0], *(pytest.param(way, marks=pytest.mark.slow) for way in WAYS[1:])])
def shop(
    request: pytest.FixtureRequest,
    guarded: str,
    server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Database]:
    """A source to migrate; the password is given in one of the ways that libpq has."""
    name = f"shop_{WAYS.index(request.param)}"
    home = tmp_path / "home"
    monkeypatch.setenv("TIERFLOW_HOME", str(home))
    admin = Database(make_conninfo(guarded, password=CANARY), server.bindir, home)
    admin.rows(f"CREATE DATABASE {name}")
    dsn = make_conninfo(guarded, dbname=name)
    database = Database(make_conninfo(dsn, password=CANARY), server.bindir, home)
    _fill(database)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn)
    given = conninfo_to_dict(dsn)
    if request.param == "URL":
        password, host = quote(CANARY, safe=""), quote(str(given["host"]), safe="")
        dsn = f"postgresql://canary:{password}@/{name}?host={host}"
    elif request.param == "conninfo":
        dsn = database.dsn
    elif request.param == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", CANARY)
    else:
        passwords = tmp_path / "passwords"
        passwords.write_text(f"*:*:*:canary:{CANARY}\n")
        passwords.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv("TIERFLOW_DSN", dsn)
    yield database
    admin.rows(f"DROP DATABASE {name} WITH (FORCE)")


def _fill(database: Database) -> None:
    from tasks.create_demo import SOURCE
    from tierflow.connection import connect, run

    with connect(database.target, "fill") as connection:
        for part in SOURCE:
            run(connection, f"demo/{part}", schema="public")
    database.add_tiers("free", "pro")
    database.add_models([("one", ["free"], None), ("two", ["free", "pro"], {"pro": 1.5})])


def find_canary(texts: dict[str, bytes]) -> list[str]:
    return [name for name, text in texts.items() for form in FORMS if form.encode() in text]


def read_files(folder: Path) -> dict[str, bytes]:
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for pack in folder.rglob("*.zip"):
        with ZipFile(pack) as members:
            files |= {f"{pack}: {name}": members.read(name) for name in members.namelist()}
    return {**files, **{f"name of {name}": name.encode() for name in files}}


def test_a_password_is_in_nothing_that_a_life_of_a_migration_writes_or_shows(
    shop: Database, watch: Watch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: dict[str, bytes] = {}
    for code, *command in (
        (0, "plan"),
        (0, "migrate", "--yes", "--pg-dump", str(shop.home / "before.dump")),
        (0, "verify", "--detailed"),
        (2, "migrate", "--yes", "--pg-dump", str(shop.home / "before.dump")),
        (2, "plan", "--schema", "nowhere"),
        (0, "runs"),
        (0, "grants"),
        (0, "report", "latest", "--output", str(shop.home)),
        (0, "reconcile", "--from", "jsonb", "--yes"),
        (0, "restore", str(shop.home / "before.dump"), "--yes"),
        (0, "rollback", "--yes"),
        (0, "migrate", "--yes"),
        (0, "verify"),
        (0, "finalize", "--soak-days", "0", "--yes-drop", "tier_access,tier_markup",
         "--archive", str(shop.home / "old.parquet")),
        (0, "restore", str(shop.home / "old.parquet"), "--yes"),
        (0, "forget", "--older-than", "0"),
    ):  # fmt: skip
        _tell(said, code, *command)
    watch.end()  # the next dump is this test's own, and gives the password away
    said["log"] = caplog.text.encode()
    said["ledger"] = shop.dump("--schema=tierflow").encode()
    assert b"finalized" in said["ledger"]
    files = read_files(shop.home)
    assert len(files) > 20
    assert any(".zip: " in name for name in files)
    assert any(b"pg_dump" in line for line in watch.seen)
    shown = {f"command line {n}": line for n, line in enumerate(watch.seen)}
    assert find_canary(said | files | shown) == []


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["conninfo"], indirect=True)
def test_a_password_is_in_nothing_that_a_rehearsal_writes_or_shows(
    shop: Database, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.rows("CREATE DATABASE rehearsal")
    monkeypatch.setenv("TIERFLOW_REHEARSAL_DSN", make_conninfo(shop.dsn, dbname="rehearsal"))
    said: dict[str, bytes] = {}
    _tell(said, 0, "rehearse")
    watch.end()
    shop.rows("DROP DATABASE rehearsal")
    shown = {f"command line {n}": line for n, line in enumerate(watch.seen)}
    assert find_canary(said | read_files(shop.home) | shown) == []


@pytest.mark.parametrize("shop", ["URL"], indirect=True)
def test_a_wrong_password_and_a_bug_are_told_without_it(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = os.environ["TIERFLOW_DSN"].replace("c4nary", "c4nary-wrong")
    monkeypatch.setenv("TIERFLOW_DSN", wrong)
    for command in ("plan", "migrate", "rollback"):
        result = CliRunner().invoke(app, [command, "--json", "--verbose", *_yes(command)])
        assert (result.exit_code, "authentication failed" in result.stderr) == (2, True)
        assert json.loads(result.stdout)["error"]["exit_code"] == 2
        assert find_canary({"told": (result.stdout + result.stderr).encode()}) == []
    assert find_canary(read_files(shop.home)) == []


def _tell(said: dict[str, bytes], code: int, *command: str) -> None:
    """Run a command, which ends with this code, and keep what it says."""
    result = CliRunner().invoke(app, [*command, "--verbose"], catch_exceptions=True)
    assert result.exit_code == code, result.stderr
    said[f"stdout of {command}"] = result.stdout.encode()
    said[f"stderr of {command}"] = result.stderr.encode()


def _yes(command: str) -> list[str]:
    return [] if command == "plan" else ["--yes"]
